/*
 * Two RingChannels without names, which the ends share by a handshake through a pipe. The generated
 * header has the client's half of the handshake. This file has the server's half, for one client.
 */
#ifndef RING_PIPE_H
#define RING_PIPE_H

#include "ring.h"

/* Creates the pipe. Its owner is this user, because the client checks that. */
static HANDLE create_handshake_pipe(const wchar_t *path) {
    union {
        TOKEN_USER fixed;
        BYTE bytes[128];
    } user;
    DWORD needed;
    HANDLE token;
    SECURITY_DESCRIPTOR descriptor;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token) ||
        !GetTokenInformation(token, TokenUser, &user, sizeof user, &needed) ||
        !InitializeSecurityDescriptor(&descriptor, SECURITY_DESCRIPTOR_REVISION) ||
        !SetSecurityDescriptorOwner(&descriptor, user.fixed.User.Sid, FALSE))
        fail_of("Naming the owner of the pipe");
    SECURITY_ATTRIBUTES security = {sizeof security, &descriptor, FALSE};
    HANDLE pipe = CreateNamedPipeW(
        path, PIPE_ACCESS_DUPLEX,
        PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE | PIPE_REJECT_REMOTE_CLIENTS, 1,
        sizeof(winipc_ring_offer), sizeof(winipc_ring_offer), 0, &security);
    if (pipe == INVALID_HANDLE_VALUE) fail_of("CreateNamedPipeW");
    return pipe;
}

/* Reads the client's hello or accept. */
static void read_handshake(HANDLE pipe, uint16_t kind) {
    winipc_ring_hello message;
    DWORD length;
    if (!ReadFile(pipe, &message, sizeof message, &length, NULL)) fail_of("ReadFile");
    if (length != sizeof message || message.magic != WINIPC_RING_HANDSHAKE_MAGIC ||
        message.version != WINIPC_RING_HANDSHAKE_VERSION || message.kind != kind)
        fail("The client does not follow the handshake");
}

/* Puts a handle into the client's process, and returns its value there. */
static uint64_t offer_handle(HANDLE client, HANDLE handle) {
    HANDLE offered;
    if (!DuplicateHandle(GetCurrentProcess(), handle, client, &offered, 0, FALSE,
                         DUPLICATE_SAME_ACCESS))
        fail_of("DuplicateHandle");
    return (uint64_t)(uintptr_t)offered;
}

/* Closes a handle that was put into the client's process, which has its own duplicate. */
static void revoke_handle(HANDLE client, uint64_t offered) {
    DuplicateHandle(client, (HANDLE)(uintptr_t)offered, NULL, NULL, 0, FALSE,
                    DUPLICATE_CLOSE_SOURCE);
}

static void take_ring(winipc_ring *ring, const ring_parts *parts, winipc_ring_role role) {
    check_ring("winipc_ring_attach()",
               winipc_ring_attach(ring, map_section(parts->memory),
                                  WINIPC_RING_HEADER_LENGTH + RING_CAPACITY, parts->data,
                                  parts->space, role));
}

/* Shares two channels with a client, the first one to this server. */
static void offer_rings(HANDLE pipe) {
    ring_parts parts[2] = {create_ring(NULL), create_ring(NULL)};
    take_ring(&ring_in, &parts[0], WINIPC_RING_RECEIVER);
    take_ring(&ring_out, &parts[1], WINIPC_RING_SENDER);
    winipc_ring_offer offer = {{WINIPC_RING_HANDSHAKE_MAGIC, WINIPC_RING_HANDSHAKE_VERSION,
                                WINIPC_RING_OFFER, (uint32_t)GetCurrentProcessId(), 0},
                               {{0, 0, 0, 0}, {0, 0, 0, 0}}};
    ULONG id;
    DWORD written;
    read_handshake(pipe, WINIPC_RING_HELLO);
    if (!GetNamedPipeClientProcessId(pipe, &id)) fail_of("GetNamedPipeClientProcessId");
    HANDLE client = OpenProcess(PROCESS_DUP_HANDLE, FALSE, id);
    if (client == NULL) fail_of("OpenProcess");
    for (int i = 0; i < 2; i++) {
        offer.rings[i].memory = offer_handle(client, parts[i].memory);
        offer.rings[i].size = WINIPC_RING_HEADER_LENGTH + RING_CAPACITY;
        offer.rings[i].data = offer_handle(client, parts[i].data);
        offer.rings[i].space = offer_handle(client, parts[i].space);
    }
    if (!WriteFile(pipe, &offer, sizeof offer, &written, NULL)) fail_of("WriteFile");
    read_handshake(pipe, WINIPC_RING_ACCEPT);
    for (int i = 0; i < 2; i++) {
        revoke_handle(client, offer.rings[i].memory);
        revoke_handle(client, offer.rings[i].data);
        revoke_handle(client, offer.rings[i].space);
    }
    CloseHandle(client);
}

static void open_ring_pipe(const char *name) {
    wchar_t path[MAX_PATH] = L"\\\\.\\pipe\\";
    if (!MultiByteToWideChar(CP_UTF8, 0, name, -1, path + lstrlenW(path), MAX_PATH - 20))
        fail_of("MultiByteToWideChar");
    if (is_near) {
        check_ring("winipc_ring_connect()",
                   winipc_ring_connect(&ring_out, &ring_in, path, PATIENCE));
        return;
    }
    HANDLE pipe = create_handshake_pipe(path);
    ready();
    if (!ConnectNamedPipe(pipe, NULL) && GetLastError() != ERROR_PIPE_CONNECTED)
        fail_of("ConnectNamedPipe");
    offer_rings(pipe);
    CloseHandle(pipe);
}

#endif
