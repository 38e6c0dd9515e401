/*
 * An end of the ways of Boost: PROGRAM far|near WAY NAME.
 */
#include "c/driver.h"
#include "c/shared.h"

/*
 * Boost keeps its queues in files. Boost finds its own folder by a registry key that Wine does not
 * have, and nobody removes that folder.
 */
#define BOOST_INTERPROCESS_SHARED_DIR_FUNC
#include <boost/interprocess/ipc/message_queue.hpp>
#include <boost/lockfree/spsc_queue.hpp>
#include <exception>
#include <new>
#include <string>

namespace interprocess = boost::interprocess;
namespace lockfree = boost::lockfree;

namespace boost { namespace interprocess { namespace ipcdetail {
void get_shared_dir(std::string &folder) {
    char path[MAX_PATH];
    shared_folder(path);
    folder = path;
}

void get_shared_dir(std::wstring &folder) {
    char path[MAX_PATH];
    wchar_t wide[MAX_PATH];
    shared_folder(path);
    if (MultiByteToWideChar(CP_ACP, 0, path, -1, wide, MAX_PATH) == 0)
        fail_of("MultiByteToWideChar");
    folder = wide;
}
}}} // namespace boost::interprocess::ipcdetail

/* boost::interprocess::message_queue, one for each direction. The far end creates both. */

static const size_t MESSAGES = 64;
static interprocess::message_queue *messages_out, *messages_in;
static uint8_t message[MAX_FRAME];
static std::string queue_names[2];

static interprocess::message_queue *open_message_queue(const std::string &name) {
    if (is_near) return new interprocess::message_queue(interprocess::open_only, name.c_str());
    return new interprocess::message_queue(interprocess::create_only, name.c_str(), MESSAGES,
                                           MAX_FRAME);
}

static void open_message_queues(const char *name) {
    queue_names[0] = std::string(name) + "-to-far";
    queue_names[1] = std::string(name) + "-to-near";
    messages_out = open_message_queue(queue_names[!is_near]);
    messages_in = open_message_queue(queue_names[is_near]);
}

static void send_message(const void *frame, uint32_t length) {
    messages_out->send(frame, length, 0);
}

static const uint8_t *receive_message(uint32_t length) {
    size_t received;
    unsigned priority;
    messages_in->receive(message, sizeof message, received, priority);
    if (received == length) return message;
    fail("Expected %u bytes, got %u", (unsigned)length, (unsigned)received);
}

static void close_message_queues() {
    delete messages_out;
    delete messages_in;
    if (is_near) return;
    /*
     * A file can be deleted when the near end has closed it, too. Boost's own remove() renames the
     * file first, which fails on Wine.
     */
    std::string folder;
    interprocess::ipcdetail::get_shared_dir(folder);
    for (const std::string &name : queue_names)
        while (!DeleteFileA((folder + "\\" + name).c_str())) Sleep(1);
}

/* boost::lockfree::spsc_queue, one for each length of frames and each direction. */

template <uint32_t length> struct fixed {
    uint8_t bytes[length];
};

/* Room for 4 MiB, but for 8 messages at least and 8192 at most. */
constexpr size_t capacity_for(uint32_t length) {
    return length > (1u << 19) ? 8 : length < 512 ? 8192 : (1u << 22) / length;
}

template <uint32_t length>
using queue = lockfree::spsc_queue<fixed<length>, lockfree::capacity<capacity_for(length)>>;

struct queues {
    queue<8> of_8;
    queue<64> of_64;
    queue<1024> of_1024;
    queue<65536> of_65536;
    queue<1048576> of_1048576;
};

static queues *queues_out, *queues_in;
/* Length of the frame that the link has returned and that is still in its queue, or 0. */
static uint32_t held;

/* Calls a function with the queue for frames of a length. */
template <typename Use> static auto with_queue(queues &all, uint32_t length, Use use) {
    switch (length) {
    case 8: return use(all.of_8);
    case 64: return use(all.of_64);
    case 1024: return use(all.of_1024);
    case 65536: return use(all.of_65536);
    case 1048576: return use(all.of_1048576);
    default: fail("There is no spsc_queue for frames of %u bytes", (unsigned)length);
    }
}

static void open_queues(const char *name) {
    void *memory = map_memory(name, 2 * sizeof(queues));
    queues *both = static_cast<queues *>(memory);
    if (!is_near)
        for (int i = 0; i < 2; i++) new (&both[i]) queues;
    queues_out = &both[is_near];
    queues_in = &both[!is_near];
}

static void release_queued() {
    if (held != 0) with_queue(*queues_in, held, [](auto &queue) { queue.pop(); });
    held = 0;
}

template <typename Queue> static void push(Queue &queue, const void *frame) {
    const auto &message = *static_cast<const typename Queue::value_type *>(frame);
    while (!queue.push(message)) YieldProcessor();
}

static void send_queued(const void *frame, uint32_t length) {
    release_queued();
    with_queue(*queues_out, length, [frame](auto &queue) { push(queue, frame); });
}

static const uint8_t *receive_queued(uint32_t length) {
    release_queued();
    held = length;
    return with_queue(*queues_in, length, [](auto &queue) -> const uint8_t * {
        while (queue.read_available() == 0) YieldProcessor();
        return queue.front().bytes;
    });
}

static const way ways[] = {
    {"message-queue", open_message_queues, send_message, receive_message, NULL,
     close_message_queues, 0, 0, 0},
    {"spsc-queue", open_queues, send_queued, receive_queued, NULL, release_queued, 0, 0, 0},
};

int main(int count, char **words) {
    try {
        return run_end(count, words, ways, sizeof ways / sizeof *ways);
    } catch (const std::exception &error) {
        fail("%s", error.what());
    }
}
