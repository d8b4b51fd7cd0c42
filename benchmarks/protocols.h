/* How a client of each server joins the room and sends a message.
 *
 * In what is sent, "@@@@@" is replaced by the member's number and "^###########" by the number of
 * the message; neither occurs anywhere else. A text begins with '|', which no protocol here uses
 * itself, so deliveries are counted by counting it.
 */
#ifndef PROTOCOLS_H
#define PROTOCOLS_H

#include <stdbool.h>
#include <stddef.h>

struct bytes {
    const char *at;
    size_t size;
};

#define BYTES(literal) {literal, sizeof(literal) - 1}

/* One step of the handshake: wait for some bytes, then send others. */
struct step {
    struct bytes await; /* empty: do not wait */
    struct bytes send;
};

struct protocol {
    const char *name;
    struct step steps[4]; /* up to the first that is all empty */
    struct bytes head;    /* before the text of a message */
    struct bytes tail;    /* after it */
    bool echoes;          /* whether a message is also sent to its sender */
};

#define MEMBER "@@@@@"
#define REF "^###########"
#define TEXT_SIZE 64 /* bytes of each text */

static const struct protocol protocols[] = {
    {
        .name = "plain", /* a client is not told that it has joined */
        .steps = {{BYTES(": "), BYTES("m" MEMBER)}},
    },
    {
        .name = "lines", /* the answer to an unknown command ends in "/help" */
        .steps = {{BYTES(": "), BYTES("m" MEMBER "\n/fence\n")}, {BYTES("/help\n"), BYTES("")}},
        .tail = BYTES("\n"),
    },
    {
        .name = "json",
        .steps = {{BYTES(": "), BYTES("{\"type\":\"join\",\"name\":\"m" MEMBER "\",\"history\":0}\n")},
                  {BYTES("\"welcome\""), BYTES("")}},
        .head = BYTES("{\"type\":\"say\",\"ref\":\"" REF "\",\"text\":\""),
        .tail = BYTES("\"}\n"),
    },
    {
        .name = "redis", /* RESP3: one connection may subscribe and publish */
        .steps = {{BYTES(""), BYTES("*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n"
                                    "*2\r\n$9\r\nSUBSCRIBE\r\n$4\r\nroom\r\n")},
                  {BYTES("subscribe\r\n"), BYTES("")}},
        .head = BYTES("*3\r\n$7\r\nPUBLISH\r\n$4\r\nroom\r\n$64\r\n"),
        .tail = BYTES("\r\n"),
        .echoes = true,
    },
    {
        .name = "nats",
        .steps = {{BYTES("INFO "), BYTES("CONNECT {\"verbose\":false,\"pedantic\":false,\"echo\":false}\r\n"
                                         "SUB room 1\r\nPING\r\n")},
                  {BYTES("PONG\r\n"), BYTES("")}},
        .head = BYTES("PUB room 64\r\n"),
        .tail = BYTES("\r\n"),
    },
    {
        .name = "irc", /* 422: no message of the day, the end of the greeting; 366: the end of the names */
        .steps = {{BYTES(""), BYTES("NICK m" MEMBER "\r\nUSER m 0 * :m\r\n")},
                  {BYTES(" 422 "), BYTES("JOIN #room\r\n")},
                  {BYTES(" 366 "), BYTES("")}},
        .head = BYTES("PRIVMSG #room :"),
        .tail = BYTES("\r\n"),
    },
    {
        .name = "mqtt", /* 3.1.1, clean session, no client id; everything with QoS 0 */
        .steps = {{BYTES(""), BYTES("\x10\x0c\0\4MQTT\4\2\0\0\0\0"
                                    "\x82\x09\0\1\0\4room\0")},
                  {BYTES("\x90\3\0\1"), BYTES("")}},
        .head = BYTES("\x30\x46\0\4room"),
        .echoes = true,
    },
};

#endif
