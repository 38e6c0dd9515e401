/*
 * An end of the ways in C: PROGRAM far|near WAY NAME.
 */
#include "driver.h"

#include "broadcast.h"
#include "copy_data.h"
#include "file.h"
#include "latest.h"
#include "ring_pipe.h"
#include "section.h"
#include "stream.h"
#include "tcp.h"

static const way ways[] = {
    {"ring-spin", open_rings, send_spinning, receive_spinning, flush_ring, close_rings, 0, 0, 0},
    {"ring-sleep", open_rings, send_sleeping, receive_sleeping, NULL, close_rings, 0, 0, 0},
    {"ring-pipe", open_ring_pipe, send_sleeping, receive_sleeping, NULL, close_rings, 0, 0, 0},
    {"broadcast", open_broadcast, send_broadcast, receive_broadcast, NULL, close_nothing, 0, 1, 0},
    {"latest", open_latest, write_latest, read_latest, NULL, close_nothing, 1, 0, 0},
    {"events", open_events, send_by_event, receive_by_event, NULL, close_nothing, 0, 0, 0},
    {"copy-data", open_copy_data, send_copy_data, receive_copy_data, NULL, close_copy_data, 0, 0, 0},
    {"section", open_section, send_by_word, receive_by_word, NULL, release_by_word, 0, 0, 0},
    {"file", open_file, send_by_word, receive_by_word, NULL, release_by_word, 0, 0, 0},
    {"pipe-bytes", open_pipe_of_bytes, write_stream, read_stream, NULL, close_stream, 0, 0, 0},
    {"pipe-messages", open_pipe_of_messages, write_stream, read_stream, NULL, close_stream, 0, 0, 0},
    {"mailslot", open_mailslot, write_mailslot, read_stream, NULL, close_stream, 0, 1, 0},
    {"tcp", open_tcp, send_tcp, receive_tcp, NULL, close_tcp, 0, 0, 0},
    {"stdio", open_stdio, write_stream, read_stream, NULL, close_stdio, 0, 0, 1},
};

int main(int count, char **words) {
    return run_end(count, words, ways, sizeof ways / sizeof *ways);
}
