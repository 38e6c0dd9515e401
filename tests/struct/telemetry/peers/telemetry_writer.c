/*
 * Writes the telemetry of one program with known values, at the offsets that the program's public
 * headers give. It has no structs, so that it does not share a mistake with struct().
 *
 *   telemetry_writer PROGRAM NAME
 *
 * Creates the memory NAME, the mutex NAME.mutex and the event NAME.event. Prints "ready", and then
 * obeys orders from its standard input:
 *
 *   busy   GPU-Z and rFactor 2: begins to write, and prints "busy"
 *   idle   ends to write, and prints "idle"
 *   spin   writes as fast as a game would at most, until the process is killed; prints "spinning"
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

static unsigned char *memory;
static HANDLE mutex, event;

static void u8(size_t at, unsigned value) { memory[at] = (unsigned char)value; }
static void u32(size_t at, uint32_t value) { memcpy(memory + at, &value, sizeof value); }
static void i64(size_t at, int64_t value) { memcpy(memory + at, &value, sizeof value); }
static void f32(size_t at, float value) { memcpy(memory + at, &value, sizeof value); }
static void f64(size_t at, double value) { memcpy(memory + at, &value, sizeof value); }
static void ansi(size_t at, const char *text) { memcpy(memory + at, text, strlen(text) + 1); }
static void wide(size_t at, const wchar_t *text) {
    memcpy(memory + at, text, (wcslen(text) + 1) * sizeof *text);
}
static void floats(size_t at, int count, float first) {
    for (int i = 0; i < count; i++) f32(at + 4 * i, first + i);
}
static volatile LONG *counter(size_t at) { return (volatile LONG *)(memory + at); }

/* Lets some time pass, at random up to about 30 microseconds. */
static void pause_briefly(void) {
    static uint32_t random = 1;
    random = random * 1664525 + 1013904223;
    for (uint32_t i = random >> 22; i > 0; i--) YieldProcessor();
}

static void write_mumble(void) {
    u32(0, 2);
    u32(4, 77);
    floats(8, 3, 1.5f);
    floats(20, 3, 4.5f);
    floats(32, 3, 7.5f);
    wide(44, L"Rennen \x00fc" L"ber Land");
    floats(556, 3, 10.5f);
    floats(568, 3, 13.5f);
    floats(580, 3, 16.5f);
    wide(592, L"{\"driver\":7}");
    u32(1104, 3);
    for (int i = 0; i < 3; i++) u8(1108 + i, 200 + i);
    wide(1364, L"A game");
}

enum { SENSORS = 64, SENSOR = 400, READINGS = 1000, READING = 470 };

static void hwinfo_value(int reading, double value) {
    for (int i = 0; i < 4; i++) f64(READINGS + reading * READING + 284 + 8 * i, value + i);
}

static void write_hwinfo(void) {
    // The sizes in the header are larger than those of any version, as in a later version.
    u32(0, 0x53695748);
    u32(4, 2);
    u32(8, 1);
    i64(12, 1700000000123);
    u32(20, SENSORS);
    u32(24, SENSOR);
    u32(28, 2);
    u32(32, READINGS);
    u32(36, READING);
    u32(40, 3);
    u32(44, 2000);
    for (int i = 0; i < 2; i++) {
        size_t at = SENSORS + i * SENSOR;
        u32(at, 0xf0000100u + i);
        u32(at + 4, i);
        ansi(at + 8, i ? "GPU" : "CPU");
        ansi(at + 136, i ? "My GPU" : "My CPU");
    }
    for (int i = 0; i < 3; i++) {
        size_t at = READINGS + i * READING;
        u32(at, 1);
        u32(at + 4, i / 2);
        u32(at + 8, 0x1000000u + i);
        ansi(at + 12, "Temperature");
        ansi(at + 140, "Heat");
        ansi(at + 268, "\xb0" "C");
        hwinfo_value(i, 40.25 + 10 * i);
        ansi(at + 316, "Heat");
        ansi(at + 444, "\xc2\xb0" "C");
    }
}

static void spin_hwinfo(uint32_t number) {
    WaitForSingleObject(mutex, INFINITE);
    for (int i = 0; i < 3; i++) hwinfo_value(i, number);
    ReleaseMutex(mutex);
}

static void write_gpu_z(void) {
    u32(0, 1);
    u32(8, 123456);
    wide(12, L"CardName");
    wide(12 + 512, L"Voodoo 2");
    wide(12 + 1024, L"Memory");
    wide(12 + 1024 + 512, L"12 MB");
    for (int i = 0; i < 2; i++) {
        size_t at = 131084 + i * 540;
        wide(at, i ? L"Temperature" : L"Core Clock");
        wide(at + 512, i ? L"\x00b0" L"C" : L"MHz");
        u32(at + 528, i);
        f64(at + 532, i ? 61.5 : 90.25);
    }
}

static void write_core_temp(void) {
    for (int i = 0; i < 4; i++) {
        u32(4 * i, 10 + i);
        f32(1544 + 4 * i, 50.5f + i);
    }
    u32(1024, 100);
    u32(1536, 4);
    u32(1540, 1);
    f32(2568, 1.25f);
    f32(2572, 3600);
    f32(2576, 100);
    f32(2580, 36);
    ansi(2584, "A processor");
    u8(2685, 1);
    u8(2687, 1);
    u32(2688, 2);
    u32(2692, 65);
    f32(3204, 33.5f);
    f32(3716, 36);
}

static void write_rtss(void) {
    // The sizes of version 2.21 for apps, and more than the header file's for texts.
    enum { OSD = 1024, OSDS = 96, APP = 12416, APPS = 4096 };
    u32(0, 0x52545353);
    u32(4, 0x00020015);
    u32(8, APP);
    u32(12, APPS);
    u32(16, 2);
    u32(20, OSD);
    u32(24, OSDS);
    u32(28, 2);
    u32(32, 5);
    ansi(OSDS + OSD, "60 FPS");
    ansi(OSDS + OSD + 256, "Some overlay");
    size_t at = APPS + APP;
    u32(at, 4242);
    ansi(at + 4, "C:\\Games\\race.exe");
    u32(at + 264, 1);
    u32(at + 268, 10000);
    u32(at + 272, 11000);
    u32(at + 276, 144);
    u32(at + 280, 6944);
}

static void write_afterburner(void) {
    // The sizes are larger than the header file's, as in a later version.
    enum { HEADER = 48, ENTRY = 1400, GPU = 1400 };
    u32(0, 0x4d41484d);
    u32(4, 0x00020000);
    u32(8, HEADER);
    u32(12, 2);
    u32(16, ENTRY);
    u32(20, 4000000000u);
    u32(24, 1);
    u32(28, GPU);
    for (int i = 0; i < 2; i++) {
        size_t at = HEADER + i * ENTRY;
        ansi(at, i ? "Framerate" : "GPU temperature");
        ansi(at + 260, i ? "FPS" : "\xb0" "C");
        ansi(at + 520, "Wert");
        ansi(at + 780, "Einheit");
        ansi(at + 1040, "%.0f");
        f32(at + 1300, i ? 143.5f : 61.25f);
        f32(at + 1304, 0);
        f32(at + 1308, 100);
        u32(at + 1312, 4);
        u32(at + 1316, i ? 0xffffffffu : 0);
        u32(at + 1320, i ? 0x50 : 0);
    }
    ansi(HEADER + 2 * ENTRY, "VEN_10DE");
    u32(HEADER + 2 * ENTRY + 1300, 8192);
}

static void write_aida64(void) {
    ansi(0, "<sys><id>SCPUCLK</id><label>CPU Clock</label><value>3600</value></sys>"
            "<temp><id>TCPU</id><label>CPU \xb0</label><value>61</value></temp>");
}

/* The three memories of Assetto Corsa are parts of one memory here: at 0, 4096 and 8192. */
static void write_assetto_corsa(void) {
    u32(0, 9);
    f32(4, 0.75f);
    f32(8, 0.25f);
    f32(12, 40.5f);
    u32(16, 4);
    u32(20, 7200);
    f32(24, -0.5f);
    f32(28, 201.5f);
    floats(32, 3, 1);
    floats(44, 3, 4);
    floats(56, 4, 7);
    size_t at = 4096;
    u32(at, 10);
    u32(at + 4, 2);
    u32(at + 8, 1);
    wide(at + 12, L"1:23:456");
    wide(at + 42, L"1:22:222");
    u32(at + 132, 11);
    u32(at + 136, 3);
    u32(at + 140, 83456);
    f32(at + 244, 1);
    f32(at + 248, 0.625f);
    at = 8192;
    wide(at, L"1.9");
    wide(at + 30, L"1.7");
    u32(at + 60, 1);
    u32(at + 64, 20);
    wide(at + 68, L"ks_porsche");
    wide(at + 134, L"Spa");
    wide(at + 200, L"\x6570\x636e");
}

enum { BUFFER = 4096, BUFFER_LENGTH = 64, BUFFERS = 4 };

/* Fills the buffer with the lowest tick, and then gives the buffer its tick. */
static void fill_iracing(uint32_t tick) {
    size_t at = BUFFER + tick % BUFFERS * BUFFER_LENGTH;
    f32(at, (float)tick);
    u32(at + 36, tick);
    u8(at + 40, tick % 2);
    f64(at + 41, tick * 2.0);
    *counter(48 + tick % BUFFERS * 16) = (LONG)tick;
    SetEvent(event);
}

static void write_iracing(void) {
    static const struct {
        uint32_t type, offset;
        const char *name, *description, *unit;
    } variables[] = {
        {4, 0, "Speed", "Speed of the car", "m/s"},
        {2, 36, "Lap", "Number of the lap", ""},
        {1, 40, "OnPitRoad", "Whether the car is in the pits", ""},
        {5, 41, "SessionTime", "Seconds since the start", "s"},
    };
    u32(0, 2);
    u32(4, 1);
    u32(8, 60);
    u32(12, 1);
    u32(16, 12);
    u32(20, 1024);
    u32(24, 4);
    u32(28, 144);
    u32(32, BUFFERS);
    u32(36, BUFFER_LENGTH);
    ansi(1024, "TrackId: 7\n");
    for (int i = 0; i < 4; i++) {
        size_t at = 144 + 144 * i;
        u32(at, variables[i].type);
        u32(at + 4, variables[i].offset);
        u32(at + 8, 1);
        ansi(at + 16, variables[i].name);
        ansi(at + 48, variables[i].description);
        ansi(at + 112, variables[i].unit);
    }
    for (uint32_t i = 0; i < BUFFERS; i++) {
        u32(48 + 16 * i, 0);
        u32(48 + 16 * i + 4, BUFFER + BUFFER_LENGTH * i);
    }
    for (uint32_t tick = 1; tick <= 6; tick++) fill_iracing(tick);
}

static void spin_iracing(uint32_t number) { fill_iracing(6 + number); }

/* Writes a number to all fields of the first car that a reader compares. */
static void fill_rfactor2(double number) {
    f64(16 + 4, number);
    f64(16 + 12, number);
    for (int i = 0; i < 6; i++) f64(16 + 160 + 8 * i, number);
    f64(16 + 356, number);
    f64(16 + 524, number);
}

static void write_rfactor2(void) {
    u32(0, 5);
    u32(4, 5);
    u32(8, 16 + 2 * 1888);
    u32(12, 2);
    for (int i = 0; i < 2; i++) {
        size_t at = 16 + i * 1888;
        u32(at, 30 + i);
        f64(at + 4, 0.02);
        f64(at + 12, 100.5 + i);
        u32(at + 20, 3);
        f64(at + 24, 90.25);
        ansi(at + 32, i ? "Niki" : "James");
        ansi(at + 96, "N\xfcrburg");
        for (int axis = 0; axis < 3; axis++) {
            f64(at + 160 + 8 * axis, axis + 0.5);
            f64(at + 184 + 8 * axis, axis + 10.5);
        }
        u32(at + 352, (uint32_t)-1);
        f64(at + 356, 7200.5);
        f64(at + 524, 40.25);
        for (int wheel = 0; wheel < 4; wheel++) f64(at + 848 + 260 * wheel, 1.5 + wheel);
    }
}

static void spin_rfactor2(uint32_t number) {
    InterlockedIncrement(counter(0));
    fill_rfactor2(number);
    InterlockedIncrement(counter(4));
}

static void busy_gpu_z(void) { InterlockedExchange(counter(4), 1); }
static void idle_gpu_z(void) { InterlockedExchange(counter(4), 0); }
static void busy_rfactor2(void) { InterlockedIncrement(counter(0)); }
static void idle_rfactor2(void) { InterlockedIncrement(counter(4)); }

static const struct {
    const char *name;
    DWORD length;
    void (*write)(void);
    void (*busy)(void);
    void (*idle)(void);
    void (*spin)(uint32_t number);
} programs[] = {
    {"mumble", 5460, write_mumble, NULL, NULL, NULL},
    {"hwinfo", 4096, write_hwinfo, NULL, NULL, spin_hwinfo},
    {"gpu_z", 200204, write_gpu_z, busy_gpu_z, idle_gpu_z, NULL},
    {"core_temp", 4740, write_core_temp, NULL, NULL, NULL},
    {"rtss", 32768, write_rtss, NULL, NULL, NULL},
    {"afterburner", 8192, write_afterburner, NULL, NULL, NULL},
    {"aida64", 4096, write_aida64, NULL, NULL, NULL},
    {"assetto_corsa", 12288, write_assetto_corsa, NULL, NULL, NULL},
    {"iracing", 8192, write_iracing, NULL, NULL, spin_iracing},
    {"rfactor2", 16 + 128 * 1888, write_rfactor2, busy_rfactor2, idle_rfactor2, spin_rfactor2},
};

static void say(const char *line) {
    puts(line);
    fflush(stdout);
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    size_t which = 0;
    while (which < sizeof programs / sizeof *programs && strcmp(programs[which].name, argv[1])) which++;
    if (which == sizeof programs / sizeof *programs) return 2;
    char name[300];
    snprintf(name, sizeof name, "%s.mutex", argv[2]);
    mutex = CreateMutexA(NULL, FALSE, name);
    snprintf(name, sizeof name, "%s.event", argv[2]);
    event = CreateEventA(NULL, TRUE, FALSE, name);
    HANDLE section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0,
                                        programs[which].length, argv[2]);
    memory = section ? MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0) : NULL;
    if (!memory || !mutex || !event) return 1;
    programs[which].write();
    say("ready");
    for (char line[64]; fgets(line, sizeof line, stdin);) {
        line[strcspn(line, "\r\n")] = 0;
        if (!strcmp(line, "busy")) programs[which].busy();
        else if (!strcmp(line, "idle")) programs[which].idle();
        else if (!strcmp(line, "spin")) {
            for (uint32_t number = 1;; number++) {
                programs[which].spin(number);
                /* Not before the first round: a reader must not see the values of the start. */
                if (number == 1) say("spinning");
                pause_briefly();
            }
        } else return 2;
        say(line);
    }
    return 0;
}
