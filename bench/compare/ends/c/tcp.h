/*
 * TCP over the loopback interface, without Nagle's algorithm. The far end listens, and a file tells
 * its port.
 */
#ifndef TCP_H
#define TCP_H

#include "shared.h"

static SOCKET tcp_socket;
static uint8_t tcp_frame[MAX_FRAME];

__declspec(noreturn) static void fail_of_socket(const char *function) {
    fail("%s failed with %d", function, WSAGetLastError());
}

static void write_port(const char *path, unsigned port) {
    FILE *file = fopen(path, "w");
    if (file == NULL || fprintf(file, "%u", port) < 0 || fclose(file) != 0)
        fail("Writing the port to a file failed");
}

static unsigned read_port(const char *path) {
    unsigned port;
    FILE *file = fopen(path, "r");
    if (file == NULL || fscanf(file, "%u", &port) != 1) fail("Reading the port of a file failed");
    fclose(file);
    return port;
}

static void accept_tcp(struct sockaddr_in *address, const char *path) {
    SOCKET listener = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    int size = sizeof *address;
    if (listener == INVALID_SOCKET) fail_of_socket("socket");
    if (bind(listener, (struct sockaddr *)address, size) != 0 || listen(listener, 1) != 0 ||
        getsockname(listener, (struct sockaddr *)address, &size) != 0)
        fail_of_socket("Listening");
    write_port(path, ntohs(address->sin_port));
    ready();
    tcp_socket = accept(listener, NULL, NULL);
    if (tcp_socket == INVALID_SOCKET) fail_of_socket("accept");
    closesocket(listener);
    remove(path);
}

static void open_tcp(const char *name) {
    WSADATA version;
    char path[MAX_PATH];
    const BOOL yes = TRUE;
    struct sockaddr_in address = {0};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (WSAStartup(MAKEWORD(2, 2), &version) != 0) fail("WSAStartup failed");
    temp_path(path, name);
    if (is_near) {
        address.sin_port = htons((u_short)read_port(path));
        tcp_socket = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
        if (connect(tcp_socket, (struct sockaddr *)&address, sizeof address) != 0)
            fail_of_socket("connect");
    } else {
        accept_tcp(&address, path);
    }
    if (setsockopt(tcp_socket, IPPROTO_TCP, TCP_NODELAY, (const char *)&yes, sizeof yes) != 0)
        fail_of_socket("setsockopt");
}

static void send_tcp(const void *frame, uint32_t length) {
    const char *bytes = (const char *)frame;
    for (uint32_t at = 0; at < length;) {
        int sent = send(tcp_socket, bytes + at, (int)(length - at), 0);
        if (sent == SOCKET_ERROR) fail_of_socket("send");
        at += (uint32_t)sent;
    }
}

static const uint8_t *receive_tcp(uint32_t length) {
    for (uint32_t at = 0; at < length;) {
        int received = recv(tcp_socket, (char *)tcp_frame + at, (int)(length - at), 0);
        if (received == SOCKET_ERROR) fail_of_socket("recv");
        if (received == 0) fail("The peer has closed the connection");
        at += (uint32_t)received;
    }
    return tcp_frame;
}

static void close_tcp(void) { closesocket(tcp_socket); }

#endif
