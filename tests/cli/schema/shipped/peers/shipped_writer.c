/*
 * Writes the memories of programs that many people read, with known values.
 *
 *   shipped_writer SUFFIX
 *
 * Creates all memories, each under the program's own name and SUFFIX, which can be empty. Each
 * struct is declared here, field by field, and its offsets are those of the program's public header.
 * In big structs, the first field has the value 1, the next 2, and so on, so that a reader that
 * misses a field sees wrong numbers.
 *
 * Prints "ready", and then obeys orders from its standard input:
 *
 *   begin   begins to write each memory that says so
 *   end     ends to write, and changes each tick
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

#define AT(type, member, offset) \
    _Static_assert(offsetof(type, member) == (offset), #type "." #member)
#define SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type)

/* The struct fields of the macros below: int32_t, float, double, and arrays of them. */
#define I(name) int32_t name;
#define F(name) float name;
#define F3(name) float name[3];
#define F4(name) float name[4];
#define F5(name) float name[5];
#define F43(name) float name[4][3];
#define F2(name) float name[2];
#define D(name) double name;
#define D3(name) double name[3];
#define V(name) double name[3];
#define M(name) double name[3][3];
#define S(name) int16_t name;
#define B(name) uint8_t name;
#define B3(name) uint8_t name[3];
#define C(name, length) char name[length];
#define GAP(name, length) uint8_t name[length];

#pragma pack(push, 4)

/* Mumble: plugins/link/LinkedMem.h */
typedef struct {
    uint32_t uiVersion, uiTick;
    float avatarPosition[3], avatarFront[3], avatarTop[3];
    wchar_t name[256];
    float cameraPosition[3], cameraFront[3], cameraTop[3];
    wchar_t identity[256];
    uint32_t contextLength;
    unsigned char context[256];
    wchar_t description[2048];
} Mumble;
AT(Mumble, avatarPosition, 8);
AT(Mumble, name, 44);
AT(Mumble, cameraPosition, 556);
AT(Mumble, identity, 592);
AT(Mumble, contextLength, 1104);
AT(Mumble, context, 1108);
AT(Mumble, description, 1364);
SIZE(Mumble, 5460);

static void write_mumble(Mumble *m) {
    m->uiVersion = 2;
    m->uiTick = 77;
    for (int i = 0; i < 3; i++) {
        m->avatarPosition[i] = 1.5f + i;
        m->avatarFront[i] = 4.5f + i;
        m->avatarTop[i] = 7.5f + i;
        m->cameraPosition[i] = 10.5f + i;
        m->cameraFront[i] = 13.5f + i;
        m->cameraTop[i] = 16.5f + i;
        m->context[i] = (unsigned char)(200 + i);
    }
    wcscpy(m->name, L"Rennen \x00fc" L"ber Land");
    wcscpy(m->identity, L"{\"driver\":7}");
    m->contextLength = 3;
    wcscpy(m->description, L"A game");
}

/* Core Temp: core_temp_shared_data_ex */
typedef struct {
    uint32_t load[256], tjMax[128], coreCount, cpuCount;
    float temperature[256], vid, cpuSpeed, fsbSpeed, multiplier;
    char cpuName[100];
    uint8_t fahrenheit, deltaToTjMax;
} CoreTempOld;
typedef struct {
    uint32_t load[256], tjMax[128], coreCount, cpuCount;
    float temperature[256], vid, cpuSpeed, fsbSpeed, multiplier;
    char cpuName[100];
    uint8_t fahrenheit, deltaToTjMax, tdpSupported, powerSupported;
    uint32_t structVersion, tdp[128];
    float power[128], multipliers[256];
} CoreTemp;
AT(CoreTempOld, deltaToTjMax, 2685);
SIZE(CoreTempOld, 2688);
AT(CoreTemp, tjMax, 1024);
AT(CoreTemp, coreCount, 1536);
AT(CoreTemp, temperature, 1544);
AT(CoreTemp, vid, 2568);
AT(CoreTemp, cpuName, 2584);
AT(CoreTemp, fahrenheit, 2684);
AT(CoreTemp, structVersion, 2688);
AT(CoreTemp, tdp, 2692);
AT(CoreTemp, power, 3204);
AT(CoreTemp, multipliers, 3716);
SIZE(CoreTemp, 4740);

/* Writes the fields of the old memory, which the new one begins with. */
static void write_core_temp_old(void *memory) {
    CoreTempOld *m = memory;
    m->coreCount = 2;
    m->cpuCount = 2;
    for (int i = 0; i < 2; i++) m->tjMax[i] = 100 + i;
    for (int i = 0; i < 4; i++) {
        m->load[i] = 10 + i;
        m->temperature[i] = 50.5f + i;
    }
    m->vid = 1.25f;
    m->cpuSpeed = 3600;
    m->fsbSpeed = 100;
    m->multiplier = 36;
    strcpy(m->cpuName, "A processor");
    m->deltaToTjMax = 1;
}

static void write_core_temp(CoreTemp *m) {
    write_core_temp_old(m);
    m->powerSupported = 1;
    m->structVersion = 2;
    for (int i = 0; i < 2; i++) {
        m->tdp[i] = 65 + i;
        m->power[i] = 33.5f + i;
    }
    for (int i = 0; i < 4; i++) m->multipliers[i] = 30 + i;
}

/* RTSS: RTSSSharedMemory.h. The entries of this program are larger than the header's. */
typedef struct {
    uint32_t signature, version, appSize, appsOffset, appCount, osdSize, osdsOffset, osdCount;
    uint32_t osdFrame;
    LONG busy;
} RtssHeader;
typedef struct {
    uint32_t processId;
    char name[260];
    uint32_t flags, time0, time1, frames, frameTime;
    uint32_t later[3000];
} RtssApp;
typedef struct {
    char text[256], owner[256], longText[4096];
    uint8_t later[1000];
} RtssOsd;
typedef struct {
    RtssHeader header;
    uint8_t gap[24];
    RtssOsd osds[4];
    RtssApp apps[3];
} Rtss;
AT(RtssHeader, osdFrame, 32);
AT(RtssHeader, busy, 36);
AT(RtssApp, flags, 264);
AT(RtssApp, time0, 268);
AT(RtssApp, frameTime, 280);
AT(RtssOsd, longText, 512);
AT(RtssOsd, later, 4608);
AT(Rtss, osds, 64);

static void write_rtss(Rtss *m) {
    m->header = (RtssHeader){
        .signature = 0x52545353, .version = 0x00020015,
        .appSize = sizeof(RtssApp), .appsOffset = offsetof(Rtss, apps), .appCount = 3,
        .osdSize = sizeof(RtssOsd), .osdsOffset = offsetof(Rtss, osds), .osdCount = 4,
        .osdFrame = 5,
    };
    strcpy(m->osds[1].text, "60 FPS");
    strcpy(m->osds[1].owner, "Some overlay");
    strcpy(m->osds[3].longText, "A long text");
    strcpy(m->osds[3].owner, "Another overlay");
    m->apps[1] = (RtssApp){
        .processId = 4242, .name = "C:\\Games\\race.exe", .flags = 1,
        .time0 = 10000, .time1 = 11000, .frames = 144, .frameTime = 6944,
    };
    m->apps[2] = (RtssApp){.processId = 4243, .name = "new.exe"};
}

/* MSI Afterburner: MAHMSharedMemory.h. The sizes are larger than those of version 2.0. */
typedef struct {
    uint32_t signature, version, headerSize, entryCount, entrySize;
    uint32_t time; /* not time_t of today: it has 32 bits */
    uint32_t gpuCount, gpuSize, later[4];
} MahmHeader;
typedef struct {
    char name[260], unit[260], localName[260], localUnit[260], format[260];
    float value, minimum, maximum;
    uint32_t flags, gpu, sourceId, later[19];
} MahmEntry;
typedef struct {
    char id[260], family[260], device[260], driver[260], bios[260];
    uint32_t memoryKilobytes, later[24];
} MahmGpu;
typedef struct {
    MahmHeader header;
    MahmEntry entries[4];
    MahmGpu gpus[2];
} Mahm;
AT(MahmHeader, time, 20);
AT(MahmHeader, gpuCount, 24);
AT(MahmHeader, later, 32);
AT(MahmEntry, value, 1300);
AT(MahmEntry, sourceId, 1320);
AT(MahmEntry, later, 1324);
AT(MahmGpu, memoryKilobytes, 1300);
AT(MahmGpu, later, 1304);

static void write_mahm(Mahm *m) {
    m->header = (MahmHeader){
        .signature = 0x4d41484d, .version = 0x00020000, .headerSize = sizeof(MahmHeader),
        .entryCount = 4, .entrySize = sizeof(MahmEntry), .time = 4000000000u,
        .gpuCount = 2, .gpuSize = sizeof(MahmGpu),
    };
    m->entries[0] = (MahmEntry){
        .name = "GPU temperature", .unit = "\xb0" "C", .localName = "Temperatur",
        .localUnit = "\xb0" "C", .format = "%.0f", .value = 61.25f, .maximum = 100,
    };
    m->entries[1] = (MahmEntry){
        .name = "Framerate", .unit = "FPS", .localName = "Bildrate", .localUnit = "B/s",
        .format = "%.1f", .value = 143.5f, .maximum = 200, .gpu = 0xffffffff, .sourceId = 0x50,
    };
    m->entries[3] = (MahmEntry){
        .name = "Power", .unit = "W", .value = 3.402823466e+38f, .gpu = 1, .sourceId = 0x60,
    };
    m->gpus[1] = (MahmGpu){
        .id = "VEN_10DE", .family = "Family", .device = "Voodoo 2", .driver = "1.0",
        .bios = "2.0", .memoryKilobytes = 12288,
    };
}

/* Assetto Corsa: SharedFileOut.h */
#define PHYSICS(I, F, F2, F3, F4, F5, F43) \
    I(packetId) F(gas) F(brake) F(fuel) I(gear) I(rpms) F(steerAngle) F(speedKmh) F3(velocity) \
    F3(accG) F4(wheelSlip) F4(wheelLoad) F4(wheelsPressure) F4(wheelAngularSpeed) F4(tyreWear) \
    F4(tyreDirtyLevel) F4(tyreCoreTemperature) F4(camberRAD) F4(suspensionTravel) F(drs) F(tc) \
    F(heading) F(pitch) F(roll) F(cgHeight) F5(carDamage) I(numberOfTyresOut) I(pitLimiterOn) \
    F(abs) F(kersCharge) F(kersInput) I(autoShifterOn) F2(rideHeight) F(turboBoost) F(ballast) \
    F(airDensity) F(airTemp) F(roadTemp) F3(localAngularVel) F(finalFF) F(performanceMeter) \
    I(engineBrake) I(ersRecoveryLevel) I(ersPowerLevel) I(ersHeatCharging) I(ersIsCharging) \
    F(kersCurrentKJ) I(drsAvailable) I(drsEnabled) F4(brakeTemp) F(clutch) F4(tyreTempI) \
    F4(tyreTempM) F4(tyreTempO) I(isAIControlled) F43(contactPoint) F43(contactNormal) \
    F43(contactHeading) F(brakeBias) F3(localVelocity) I(p2pActivations) I(p2pStatus) \
    I(currentMaxRpm) F4(mz) F4(fx) F4(fy) F4(slipRatio) F4(slipAngle) I(tcInAction) \
    I(absInAction) F4(suspensionDamage) F4(tyreTemp) F(waterTemp) F4(brakePressure) \
    I(frontBrakeCompound) I(rearBrakeCompound) F4(padLife) F4(discLife) I(ignitionOn) \
    I(starterEngineOn) I(isEngineRunning) F(kerbVibration) F(slipVibrations) F(gVibrations) \
    F(absVibrations)
typedef struct { PHYSICS(I, F, F2, F3, F4, F5, F43) } Physics;
AT(Physics, velocity, 32);
AT(Physics, accG, 44);
AT(Physics, wheelSlip, 56);
AT(Physics, abs, 252);
AT(Physics, autoShifterOn, 264);
SIZE(Physics, 800);

static void number_ints(int32_t *at, int count, int *number) {
    while (count-- > 0) *at++ = ++*number;
}
static void number_floats(float *at, int count, int *number) {
    while (count-- > 0) *at++ = ++*number + 0.5f;
}

static void write_physics(Physics *m) {
    int number = 0;
#define WI(name) number_ints(&m->name, 1, &number);
#define WF(name) number_floats(&m->name, 1, &number);
#define WFS(name) number_floats(m->name, sizeof m->name / sizeof(float), &number);
#define WF43(name) number_floats(m->name[0], 12, &number);
    PHYSICS(WI, WF, WFS, WFS, WFS, WFS, WF43)
}

typedef struct {
    int32_t packetId, status, session;
    wchar_t currentTime[15], lastTime[15], bestTime[15], split[15];
    int32_t completedLaps, position, iCurrentTime, iLastTime, iBestTime;
    float sessionTimeLeft, distanceTraveled;
    int32_t isInPit, currentSectorIndex, lastSectorTime, numberOfLaps;
    wchar_t tyreCompound[33];
    float replayTimeMultiplier, normalizedCarPosition;
    uint8_t later[1344];
} Graphics;
AT(Graphics, lastTime, 42);
AT(Graphics, completedLaps, 132);
AT(Graphics, iCurrentTime, 140);
AT(Graphics, tyreCompound, 176);
AT(Graphics, replayTimeMultiplier, 244);
AT(Graphics, normalizedCarPosition, 248);

static void write_graphics(Graphics *m) {
    m->packetId = 10;
    m->status = 2;
    m->session = -1;
    wcscpy(m->currentTime, L"1:23:456");
    wcscpy(m->lastTime, L"1:22:222");
    wcscpy(m->bestTime, L"1:21:111");
    wcscpy(m->split, L"0:41:000");
    m->completedLaps = 11;
    m->position = 3;
    m->iCurrentTime = 83456;
    m->iLastTime = 82222;
    m->iBestTime = 81111;
    m->sessionTimeLeft = 600.5f;
    m->distanceTraveled = 1234.5f;
    m->isInPit = 1;
    m->currentSectorIndex = 2;
    m->lastSectorTime = 41000;
    m->numberOfLaps = 20;
    wcscpy(m->tyreCompound, L"dry_compound");
    m->replayTimeMultiplier = 1;
    m->normalizedCarPosition = 0.625f;
    memset(m->later, 0xff, sizeof m->later);
}

typedef struct {
    wchar_t smVersion[15], acVersion[15];
    int32_t numberOfSessions, numCars;
    wchar_t carModel[33], track[33], playerName[33], playerSurname[33], playerNick[33];
    int32_t sectorCount;
    float maxTorque, maxPower;
    int32_t maxRpm;
    float maxFuel, suspensionMaxTravel[4], tyreRadius[4], maxTurboBoost, deprecated[2];
    int32_t penaltiesEnabled;
    float aidFuelRate, aidTireRate, aidMechanicalDamage;
    int32_t aidAllowTyreBlankets;
    float aidStability;
    int32_t aidAutoClutch, aidAutoBlip, hasDRS, hasERS, hasKERS;
    float kersMaxJ;
    int32_t engineBrakeSettingsCount, ersPowerControllerCount;
    float trackSplineLength;
    wchar_t trackConfiguration[33];
    float ersMaxJ;
    int32_t isTimedRace, hasExtraLap;
    wchar_t carSkin[33];
    int32_t reversedGridPositions, pitWindowStart, pitWindowEnd, isOnline;
} Static;
AT(Static, acVersion, 30);
AT(Static, numberOfSessions, 60);
AT(Static, carModel, 68);
AT(Static, track, 134);
AT(Static, playerName, 200);

static void write_static(Static *m) {
    int number = 0;
    wcscpy(m->smVersion, L"1.9");
    wcscpy(m->acVersion, L"1.7");
    number_ints(&m->numberOfSessions, 2, &number);
    wcscpy(m->carModel, L"ks_porsche");
    wcscpy(m->track, L"Spa");
    wcscpy(m->playerName, L"\x6570\x636e");
    wcscpy(m->playerSurname, L"Surname");
    wcscpy(m->playerNick, L"Nick");
    number_ints(&m->sectorCount, 1, &number);
    number_floats(&m->maxTorque, 2, &number);
    number_ints(&m->maxRpm, 1, &number);
    number_floats(&m->maxFuel, 1, &number);
    number_floats(m->suspensionMaxTravel, 4, &number);
    number_floats(m->tyreRadius, 4, &number);
    number_floats(&m->maxTurboBoost, 1, &number);
    m->deprecated[0] = m->deprecated[1] = -273;
    number_ints(&m->penaltiesEnabled, 1, &number);
    number_floats(&m->aidFuelRate, 3, &number);
    number_ints(&m->aidAllowTyreBlankets, 1, &number);
    number_floats(&m->aidStability, 1, &number);
    number_ints(&m->aidAutoClutch, 5, &number);
    number_floats(&m->kersMaxJ, 1, &number);
    number_ints(&m->engineBrakeSettingsCount, 2, &number);
    number_floats(&m->trackSplineLength, 1, &number);
    wcscpy(m->trackConfiguration, L"Grand Prix");
    number_floats(&m->ersMaxJ, 1, &number);
    number_ints(&m->isTimedRace, 2, &number);
    wcscpy(m->carSkin, L"red");
    number_ints(&m->reversedGridPositions, 4, &number);
}

/* rFactor 2: Include/rF2State.h */
#define WHEEL(D, D3, C, B, GAP) \
    D(suspensionDeflection) D(rideHeight) D(suspForce) D(brakeTemp) D(brakePressure) D(rotation) \
    D(lateralPatchVel) D(longitudinalPatchVel) D(lateralGroundVel) D(longitudinalGroundVel) \
    D(camber) D(lateralForce) D(longitudinalForce) D(tireLoad) D(gripFract) D(pressure) \
    D3(temperature) D(wear) C(terrain, 16) B(surfaceType) B(flat) B(detached) \
    GAP(gap, 1) D(verticalTireDeflection) D(wheelYLocation) D(toe) D(tireCarcassTemperature) \
    D3(tireInnerLayerTemperature) GAP(expansion, 24)
typedef struct { WHEEL(D, D3, C, B, GAP) } Wheel;
AT(Wheel, wear, 152);
AT(Wheel, terrain, 160);
AT(Wheel, verticalTireDeflection, 180);
SIZE(Wheel, 260);

#define VEHICLE(I, D, C, V, M, B, F, F3, GAP) \
    I(id) D(deltaTime) D(elapsedTime) I(lapNumber) D(lapStartET) C(vehicleName, 64) \
    C(trackName, 64) V(pos) V(localVel) V(localAccel) M(ori) V(localRot) V(localRotAccel) \
    I(gear) D(engineRPM) D(engineWaterTemp) D(engineOilTemp) D(clutchRPM) D(unfilteredThrottle) \
    D(unfilteredBrake) D(unfilteredSteering) D(unfilteredClutch) D(filteredThrottle) \
    D(filteredBrake) D(filteredSteering) D(filteredClutch) D(steeringShaftTorque) \
    D(front3rdDeflection) D(rear3rdDeflection) D(frontWingHeight) D(frontRideHeight) \
    D(rearRideHeight) D(drag) D(frontDownforce) D(rearDownforce) D(fuel) D(engineMaxRPM) \
    B(scheduledStops) B(overheating) B(detached) B(headlights) GAP(dentSeverity, 8) \
    D(lastImpactET) D(lastImpactMagnitude) V(lastImpactPos) D(engineTorque) I(currentSector) \
    B(speedLimiter) B(maxGears) B(frontTireCompoundIndex) B(rearTireCompoundIndex) \
    D(fuelCapacity) B(frontFlapActivated) B(rearFlapActivated) B(rearFlapLegalStatus) \
    B(ignitionStarter) C(frontTireCompoundName, 18) C(rearTireCompoundName, 18) \
    B(speedLimiterAvailable) B(antiStallActivated) GAP(unused, 2) F(visualSteeringWheelRange) \
    D(rearBrakeBias) D(turboBoostPressure) F3(physicsToGraphicsOffset) \
    F(physicalSteeringWheelRange) GAP(expansion, 152)
typedef struct {
    VEHICLE(I, D, C, V, M, B, F, F3, GAP)
    Wheel wheels[4];
} Vehicle;
AT(Vehicle, deltaTime, 4);
AT(Vehicle, elapsedTime, 12);
AT(Vehicle, vehicleName, 32);
AT(Vehicle, trackName, 96);
AT(Vehicle, pos, 160);
AT(Vehicle, localVel, 184);
AT(Vehicle, gear, 352);
AT(Vehicle, engineRPM, 356);
AT(Vehicle, fuel, 524);
AT(Vehicle, wheels, 848);
SIZE(Vehicle, 1888);

/* The version block, which precedes each buffer. */
typedef struct { LONG begin, end; } Versions;
typedef struct {
    Versions versions;
    int32_t bytesUpdatedHint, numVehicles;
    Vehicle vehicles[128];
} Telemetry;
SIZE(Telemetry, 8 + 241672);

#define SCORING(C, I, D, GAP, B, B3, V) \
    C(trackName, 64) I(session) D(currentET) D(endET) I(maxLaps) D(lapDist) GAP(pointer1, 8) \
    I(numVehicles) B(gamePhase) B(yellowFlagState) B3(sectorFlag) B(startLight) B(numRedLights) \
    B(inRealtime) C(playerName, 32) C(plrFileName, 64) D(darkCloud) D(raining) D(ambientTemp) \
    D(trackTemp) V(wind) D(minPathWetness) D(maxPathWetness) GAP(expansion, 256) GAP(pointer2, 8)
typedef struct { SCORING(C, I, D, GAP, B, B3, V) } ScoringInfo;

#define VEHICLE_SCORE(I, C, S, B, D, V, M, GAP) \
    I(id) C(driverName, 32) C(vehicleName, 64) S(totalLaps) B(sector) B(finishStatus) D(lapDist) \
    D(pathLateral) D(trackEdge) D(bestSector1) D(bestSector2) D(bestLapTime) D(lastSector1) \
    D(lastSector2) D(lastLapTime) D(curSector1) D(curSector2) S(numPitstops) S(numPenalties) \
    B(isPlayer) B(control) B(inPits) B(place) C(vehicleClass, 32) D(timeBehindNext) \
    I(lapsBehindNext) D(timeBehindLeader) I(lapsBehindLeader) D(lapStartET) V(pos) V(localVel) \
    V(localAccel) M(ori) V(localRot) V(localRotAccel) B(headlights) B(pitState) B(serverScored) \
    B(individualPhase) I(qualification) D(timeIntoLap) D(estimatedLapTime) C(pitGroup, 24) \
    B(flag) B(underYellow) B(countLapFlag) B(inGarageStall) GAP(upgradePack, 16) \
    GAP(expansion, 60)
typedef struct { VEHICLE_SCORE(I, C, S, B, D, V, M, GAP) } VehicleScore;
SIZE(VehicleScore, 584);

typedef struct {
    Versions versions;
    int32_t bytesUpdatedHint;
    ScoringInfo info;
    VehicleScore vehicles[128];
} Scoring;
SIZE(Scoring, 8 + 75304);

#define NI(name) m->name = ++*number;
#define NF(name) m->name = ++*number + 0.5f;
#define NF3(name) for (int i = 0; i < 3; i++) m->name[i] = ++*number + 0.5f;
#define ND(name) m->name = ++*number + 0.5;
#define ND3(name) for (int i = 0; i < 3; i++) m->name[i] = ++*number + 0.5;
#define NM(name) for (int i = 0; i < 9; i++) m->name[i / 3][i % 3] = ++*number + 0.5;
/* Bytes can be bool. */
#define NB(name) m->name = 1;
#define NB3(name) memset(m->name, 1, 3);
/* A text is the name of its field, as far as there is room. */
#define NC(name, length) memcpy(m->name, #name, sizeof #name < length ? sizeof #name : length - 1);
#define NGAP(name, length) memset(m->name, 0xee, length);

static void number_wheel(Wheel *m, int *number) { WHEEL(ND, ND3, NC, NB, NGAP) }
static void number_vehicle(Vehicle *m, int *number) {
    VEHICLE(NI, ND, NC, ND3, NM, NB, NF, NF3, NGAP)
    for (int i = 0; i < 4; i++) number_wheel(&m->wheels[i], number);
}
static void number_scoring(ScoringInfo *m, int *number) { SCORING(NC, NI, ND, NGAP, NB, NB3, ND3) }
static void number_score(VehicleScore *m, int *number) {
    VEHICLE_SCORE(NI, NC, NI, NB, ND, ND3, NM, NGAP)
}

static void write_telemetry(Telemetry *m) {
    m->versions = (Versions){5, 5};
    m->bytesUpdatedHint = 16 + 2 * 1888;
    m->numVehicles = 2;
    for (int i = 0; i < 2; i++) {
        int number = 1000 * i;
        number_vehicle(&m->vehicles[i], &number);
    }
    strcpy(m->vehicles[1].trackName, "N\xfcrburg");
    m->vehicles[1].gear = -1;
    memset(&m->vehicles[2], 0xee, sizeof m->vehicles[2]);
}

static void write_scoring(Scoring *m) {
    int number = 0;
    m->versions = (Versions){7, 7};
    number_scoring(&m->info, &number);
    m->info.numVehicles = 2;
    m->info.yellowFlagState = 0xff;
    for (int i = 0; i < 2; i++) {
        number = 1000 * i;
        number_score(&m->vehicles[i], &number);
    }
}

#pragma pack(pop)

#pragma pack(push, 1)

/* HWiNFO: hwinfo_shmem.c. Version 2 appends texts. */
typedef struct {
    uint32_t signature, version, revision;
    int64_t pollTime;
    uint32_t sensorsOffset, sensorSize, sensorCount;
    uint32_t readingsOffset, readingSize, readingCount, pollingPeriod;
} HwinfoHeader;
typedef struct { uint32_t id, instance; char originalName[128], userName[128]; } Sensor1;
typedef struct { Sensor1 common; char utf8Name[128]; } Sensor2;
typedef struct {
    uint32_t type, sensorIndex, id;
    char originalLabel[128], userLabel[128], unit[16];
    double value, minimum, maximum, average;
} Reading1;
typedef struct { Reading1 common; char utf8Label[128], utf8Unit[16]; } Reading2;
typedef struct { HwinfoHeader header; Sensor1 sensors[2]; Reading1 readings[3]; } Hwinfo1;
typedef struct { HwinfoHeader header; Sensor2 sensors[2]; Reading2 readings[3]; } Hwinfo2;
AT(HwinfoHeader, pollTime, 12);
AT(HwinfoHeader, pollingPeriod, 44);
SIZE(HwinfoHeader, 48);
AT(Sensor1, userName, 136);
SIZE(Sensor1, 264);
SIZE(Sensor2, 392);
AT(Reading1, unit, 268);
AT(Reading1, value, 284);
SIZE(Reading1, 316);
AT(Reading2, utf8Unit, 444);
SIZE(Reading2, 460);

static const HwinfoHeader hwinfo_header = {
    .signature = 0x53695748, .pollTime = 1700000000123, .sensorCount = 2, .readingCount = 3,
};

static void write_sensor(Sensor1 *sensor, int i) {
    sensor->id = 0xf0000100u + i;
    sensor->instance = i;
    strcpy(sensor->originalName, i ? "GPU" : "CPU");
    strcpy(sensor->userName, i ? "Gr\xe4" "fik" : "Prozessor");
}

/* Reading 1 is not in use. */
static void write_reading(Reading1 *reading, int i) {
    if (i == 1) return;
    reading->type = i ? 3 : 1;
    reading->sensorIndex = i / 2;
    reading->id = 0x1000000u + i;
    strcpy(reading->originalLabel, i ? "Fan" : "Temperature");
    strcpy(reading->userLabel, i ? "L\xfc" "fter" : "Temperatur");
    strcpy(reading->unit, i ? "RPM" : "\xb0" "C");
    reading->value = 40.25 + 100 * i;
    reading->minimum = 41.25 + 100 * i;
    reading->maximum = 42.25 + 100 * i;
    reading->average = 43.25 + 100 * i;
}

static void write_hwinfo1(Hwinfo1 *m) {
    m->header = hwinfo_header;
    m->header.version = 1;
    m->header.sensorsOffset = offsetof(Hwinfo1, sensors);
    m->header.sensorSize = sizeof(Sensor1);
    m->header.readingsOffset = offsetof(Hwinfo1, readings);
    m->header.readingSize = sizeof(Reading1);
    /* Revision 0 has no polling period. */
    m->header.pollingPeriod = 0xeeeeeeee;
    for (int i = 0; i < 2; i++) write_sensor(&m->sensors[i], i);
    for (int i = 0; i < 3; i++) write_reading(&m->readings[i], i);
}

static void write_hwinfo2(Hwinfo2 *m) {
    m->header = hwinfo_header;
    m->header.version = 2;
    m->header.revision = 1;
    m->header.sensorsOffset = offsetof(Hwinfo2, sensors);
    m->header.sensorSize = sizeof(Sensor2);
    m->header.readingsOffset = offsetof(Hwinfo2, readings);
    m->header.readingSize = sizeof(Reading2);
    m->header.pollingPeriod = 2000;
    for (int i = 0; i < 2; i++) {
        write_sensor(&m->sensors[i].common, i);
        strcpy(m->sensors[i].utf8Name, i ? "\xe6\x98\xbe\xe5\x8d\xa1" : "\xe5\xa4\x84");
    }
    for (int i = 0; i < 3; i += 2) {
        write_reading(&m->readings[i].common, i);
        strcpy(m->readings[i].utf8Label, i ? "\xe9\xa3\x8e" : "\xe6\xb8\xa9");
        strcpy(m->readings[i].utf8Unit, i ? "rpm" : "\xc2\xb0" "C");
    }
}

/* GPU-Z: gpuz_shmem.c */
typedef struct { wchar_t key[256], value[256]; } GpuzRecord;
typedef struct { wchar_t name[256], unit[8]; uint32_t digits; double value; } GpuzSensor;
typedef struct {
    uint32_t version;
    volatile LONG busy;
    uint32_t lastUpdate;
    GpuzRecord data[128];
    GpuzSensor sensors[128];
} Gpuz;
AT(GpuzSensor, digits, 528);
AT(GpuzSensor, value, 532);
AT(Gpuz, data, 12);
AT(Gpuz, sensors, 131084);
SIZE(GpuzSensor, 540);
SIZE(Gpuz, 200204);

static void write_gpuz(Gpuz *m) {
    m->version = 1;
    m->lastUpdate = 123456;
    wcscpy(m->data[0].key, L"CardName");
    wcscpy(m->data[0].value, L"Voodoo 2");
    wcscpy(m->data[2].key, L"MemSize");
    for (int i = 1; i < 4; i += 2) {
        GpuzSensor *sensor = &m->sensors[i];
        memcpy(sensor->name, i == 1 ? L"Core Clock" : L"Hot Spot  ", 11 * sizeof(wchar_t));
        memcpy(sensor->unit, i == 1 ? L"MHz" : L"\x00b0" L"C ", 4 * sizeof(wchar_t));
        sensor->digits = i;
        sensor->value = 90.25 + i;
    }
}

#pragma pack(pop)

/* iRacing: irsdk_defines.h */
typedef struct { int32_t tickCount, bufOffset, pad[2]; } VarBuf;
typedef struct {
    int32_t ver, status, tickRate, sessionInfoUpdate, sessionInfoLen, sessionInfoOffset;
    int32_t numVars, varHeaderOffset, numBuf, bufLen, pad[2];
    VarBuf varBuf[4];
} IracingHeader;
typedef struct {
    int32_t type, offset, count, pad;
    char name[32], desc[64], unit[32];
} VarHeader;
enum { VARIABLES = 7, BUFFERS = 3, LINE = 64 };
typedef struct {
    IracingHeader header;
    VarHeader variables[VARIABLES];
    char session[64];
    uint8_t lines[BUFFERS][LINE];
} Iracing;
AT(IracingHeader, numVars, 24);
AT(IracingHeader, varBuf, 48);
SIZE(IracingHeader, 112);
AT(VarHeader, name, 16);
AT(VarHeader, desc, 48);
AT(VarHeader, unit, 112);
SIZE(VarHeader, 144);

/* Fills the buffer that is next, and then gives it its tick. */
static void fill_iracing(Iracing *m, int32_t tick) {
    int which = (int)((uint32_t)tick % BUFFERS);
    uint8_t *line = m->lines[which];
    float speed = (float)tick, heights[3] = {1.5f, 2.5f, 3.5f};
    double time = tick * 2.0;
    memcpy(line, &speed, 4);
    memcpy(line + 4, heights, 12);
    memcpy(line + 16, "AB\0D", 4);
    memcpy(line + 36, &tick, 4);
    line[40] = tick % 2;
    memcpy(line + 41, &time, 8);
    memcpy(line + 52, "\x03\0\0\x80", 4);
    m->header.varBuf[which].tickCount = tick;
}

static void write_iracing(Iracing *m) {
    static const VarHeader variables[VARIABLES] = {
        {4, 0, 1, 0, "Speed", "Speed of the car", "m/s"},
        {4, 4, 3, 0, "RideHeights", "Heights", "m"},
        {0, 16, 4, 0, "Letters", "Some text", ""},
        {2, 36, 1, 0, "Lap", "Number of the lap", ""},
        {1, 40, 1, 0, "OnPitRoad", "Whether the car is in the pits", ""},
        {5, 41, 1, 0, "SessionTime", "Seconds since the start", "s"},
        {3, 52, 1, 0, "SessionFlags", "Flags", "irsdk_Flags"},
    };
    m->header = (IracingHeader){
        .ver = 2, .status = 1, .tickRate = 60, .sessionInfoUpdate = 4,
        .sessionInfoLen = sizeof m->session, .sessionInfoOffset = offsetof(Iracing, session),
        .numVars = VARIABLES, .varHeaderOffset = offsetof(Iracing, variables),
        .numBuf = BUFFERS, .bufLen = LINE,
    };
    memcpy(m->variables, variables, sizeof variables);
    strcpy(m->session, "TrackName: N\xfcrburg\n");
    for (int i = 0; i < BUFFERS; i++) {
        m->header.varBuf[i].bufOffset = (int32_t)offsetof(Iracing, lines) + i * LINE;
    }
    /* Not a buffer: there are only three. */
    m->header.varBuf[3] = (VarBuf){1000, 0x7fffffff, {0, 0}};
    for (int32_t tick = 1; tick <= 4; tick++) fill_iracing(m, tick);
}

static void write_aida64(char *m) {
    strcpy(m, "<sys><id>SCPUCLK</id><label>CPU Clock</label><value>3600</value></sys>"
              "<temp><id>TCPU</id><label>CPU \xb0</label><value>61</value></temp>");
}

/* The memories. */
static Mumble *mumble;
static CoreTempOld *core_temp_old;
static CoreTemp *core_temp;
static Rtss *rtss;
static Mahm *mahm;
static Physics *physics;
static Graphics *graphics;
static Static *statics;
static Telemetry *telemetry;
static Scoring *scoring;
static Hwinfo1 *hwinfo1;
static Hwinfo2 *hwinfo2;
static Gpuz *gpuz;
static Iracing *iracing;
static char *aida64;

static void *create(const char *name, const char *suffix, size_t length) {
    char full[300];
    snprintf(full, sizeof full, "%s%s", name, suffix);
    HANDLE section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0,
                                        (DWORD)length, full);
    void *memory = section ? MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0) : NULL;
    if (memory && GetLastError() != ERROR_ALREADY_EXISTS) return memory;
    printf("cannot create %s: %lu\n", full, GetLastError());
    exit(1);
}

static void create_all(const char *suffix) {
#define CREATE(variable, name) variable = create(name, suffix, sizeof *variable)
    CREATE(mumble, "MumbleLink");
    CREATE(core_temp_old, "CoreTempMappingObject");
    CREATE(core_temp, "CoreTempMappingObjectEx");
    CREATE(rtss, "RTSSSharedMemoryV2");
    CREATE(mahm, "MAHMSharedMemory");
    CREATE(physics, "Local\\acpmf_physics");
    CREATE(graphics, "Local\\acpmf_graphics");
    CREATE(statics, "Local\\acpmf_static");
    CREATE(telemetry, "$rFactor2SMMP_Telemetry$");
    CREATE(scoring, "$rFactor2SMMP_Scoring$");
    CREATE(hwinfo1, "HWiNFO_SENS_SM2 version 1");
    CREATE(hwinfo2, "HWiNFO_SENS_SM2");
    CREATE(gpuz, "GPUZShMem");
    CREATE(iracing, "Local\\IRSDKMemMapFileName");
    aida64 = create("AIDA64_SensorValues", suffix, 4096);
}

static void write_all(void) {
    write_mumble(mumble);
    write_core_temp_old(core_temp_old);
    write_core_temp(core_temp);
    write_rtss(rtss);
    write_mahm(mahm);
    write_physics(physics);
    write_graphics(graphics);
    write_static(statics);
    write_telemetry(telemetry);
    write_scoring(scoring);
    write_hwinfo1(hwinfo1);
    write_hwinfo2(hwinfo2);
    write_gpuz(gpuz);
    write_iracing(iracing);
    write_aida64(aida64);
}

static void begin_all(void) {
    InterlockedIncrement(&telemetry->versions.begin);
    InterlockedIncrement(&scoring->versions.begin);
    InterlockedExchange(&gpuz->busy, 1);
    InterlockedOr(&rtss->header.busy, 1);
}

static void end_all(void) {
    InterlockedIncrement(&telemetry->versions.end);
    InterlockedIncrement(&scoring->versions.end);
    InterlockedExchange(&gpuz->busy, 0);
    InterlockedAnd(&rtss->header.busy, ~1);
    mumble->uiTick++;
    physics->packetId++;
    graphics->packetId++;
    hwinfo2->header.pollTime++;
    strcpy(strchr(aida64, '3'), "9000</value></sys>");
    static int32_t tick = 4;
    fill_iracing(iracing, ++tick);
}

static void say(const char *line) {
    puts(line);
    fflush(stdout);
}

int main(int argc, char **argv) {
    if (argc > 2) return 2;
    create_all(argc == 2 ? argv[1] : "");
    write_all();
    say("ready");
    for (char line[64]; fgets(line, sizeof line, stdin);) {
        line[strcspn(line, "\r\n")] = 0;
        if (!strcmp(line, "begin")) begin_all();
        else if (!strcmp(line, "end")) end_all();
        else return 2;
        say(line);
    }
    return 0;
}
