#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the scripts that the kernel is asked: scripts.py matrix | random | special.

matrix   every state of an item, on every kind of queue that can bring it there, with every operation
random   1,000 scripts of random operations, always the same ones
special  what only the two together show: an item on two queues, misuse, a queue that drains
"""
import random
import sys

QUEUES = "PUOSWFG"
PLAIN, DELAYED = "ABCD", "XYZ"

# What brings item I into a state on queue Q. B holds Q, or the one place that I leaves free, where I is to wait.
STATES = {
    "idle": [],
    "armed": ["delay I Q far"],
    "pending": ["FILL", "queue I Q"],
    "running": ["hold I", "queue I Q"],
    "running+pending": ["hold I", "queue I Q", "queue I Q"],
    "running+armed": ["hold I", "queue I Q", "delay I Q far"],
    "disabled": ["disable I"],
    "running+disabled": ["hold I", "queue I Q", "disable I"],
    "disabled_twice": ["disable I", "disable I"],
}
FILL = {
    "O": ["hold B", "queue B O"],
    "S": ["hold B", "queue B S"],
    "W": ["hold B", "queue B W", "hold C", "queue C W"],
    "F": ["freeze"],
    "G": ["freeze"],
}
PLAIN_OPERATIONS = ["queue I Q", "cancel I", "cancel_sync I", "flush I", "disable I", "disable_sync I", "enable I",
                    "enable_queue I Q", "state I"]
DELAYED_OPERATIONS = PLAIN_OPERATIONS + ["delay I Q now", "delay I Q soon", "delay I Q far", "mod I Q now",
                                         "mod I Q soon", "mod I Q far", "flush_delayed I"]


def cell(queue, item, state, operation):
    """One cell: the state, the operation, what becomes of it, and whether the item takes a place again afterwards."""
    lines = []
    for line in STATES[state]:
        lines += FILL[queue] if line == "FILL" else [line]
    if operation == "enable I" and "disabled" not in state:
        return None  # misuse: in special
    after = ["state I", f"flush {queue}", "queue I Q", "end"]
    if operation.startswith("enable_queue") and "disabled" not in state:
        return None
    words = operation.split()
    name = "_".join([words[0]] + words[3:])
    text = [f"script {queue}.{item}.{state}.{name}"] + lines + [operation] + after
    return [line.replace(" I", f" {item}").replace(" Q", f" {queue}") for line in text]


def matrix():
    for queue in QUEUES:
        for state in STATES:
            if state == "pending" and queue not in FILL:
                continue
            for item, operations in (("A", PLAIN_OPERATIONS), ("X", DELAYED_OPERATIONS)):
                if item == "A" and "armed" in state:
                    continue
                for operation in operations:
                    lines = cell(queue, item, state, operation)
                    if lines:
                        yield lines


class random_script:
    """Operations drawn by weight; a rough idea of where the items are keeps most of them meaningful."""

    WEIGHTS = {"queue": 24, "delay": 6, "mod": 8, "cancel": 6, "cancel_sync": 5, "flush": 4, "flush_queue": 3,
               "flush_delayed": 2, "disable": 4, "disable_sync": 2, "enable": 7, "enable_queue": 3, "freeze": 2,
               "thaw": 3, "frozen": 2, "drain": 2, "hold": 6, "release": 7, "step": 7, "again": 3, "state": 2,
               "limit": 1}

    def __init__(self, number):
        self.draw = random.Random(number)
        self.queues = self.draw.sample(QUEUES, self.draw.choice([1, 2, 2, 3]))
        self.items = self.draw.sample(PLAIN, self.draw.choice([1, 2, 3])) + \
            self.draw.sample(DELAYED, self.draw.choice([0, 1, 2]))
        self.disabled = []
        self.lines = [f"script random.{number}"]
        for item in self.draw.sample(self.items, (len(self.items) + 1) // 2):
            self.lines.append(f"hold {item}")
        length = self.draw.randint(10, 24)
        while len(self.lines) < length:
            self.add(self.draw.choices(list(self.WEIGHTS), self.WEIGHTS.values())[0])
        self.lines.append("end")

    def add(self, operation):
        draw = self.draw
        item = draw.choice(self.items)
        queue = draw.choice(self.queues)
        delayed = [each for each in self.items if each in DELAYED]
        if operation in ("delay", "mod", "flush_delayed"):
            if not delayed:
                return
            item = draw.choice(delayed)
        if operation in ("enable", "enable_queue"):
            if not self.disabled:
                return
            item = self.disabled.pop()
        if operation.startswith("disable"):
            self.disabled.append(item)
        if operation in ("queue", "enable_queue"):
            self.lines.append(f"{operation} {item} {queue}")
        elif operation in ("delay", "mod"):
            self.lines.append(f"{operation} {item} {queue} {draw.choice(['now', 'soon', 'far', 'far'])}")
        elif operation == "flush_queue":
            self.lines.append(f"flush {queue}")
        elif operation == "drain":
            self.lines.append(f"drain {queue}")
        elif operation in ("freeze", "thaw", "frozen"):
            if set(self.queues) & set("FG"):
                self.lines.append(operation)
        elif operation == "limit":
            if "W" in self.queues and not set(self.queues) & set("FG"):
                self.lines.append(f"limit W {draw.randint(1, 3)}")
        else:
            self.lines.append(f"{operation} {item}")


SPECIAL = """
script enable_of_an_enabled_item.idle
! enable A
queue A O
end

script enable_of_an_enabled_item.pending
hold B
queue B O
queue A O
! enable A
end

script enable_of_an_enabled_item.running
hold A
queue A O
! enable A
end

script enable_of_an_enabled_item.running_and_pending
hold A
queue A O
queue A O
! enable A
end

script enable_of_an_enabled_item.armed
delay X O soon_enough
! enable X
end

script enable_and_queue_of_an_enabled_item
! enable_queue A O
end

script one_item_on_two_queues
hold A
queue A O
! queue A P
end

script one_item_on_two_unbound_queues
hold A
queue A U
! queue A O
end

script item_for_a_queue_that_drains
hold A
queue A O
drain O
! queue B O
end

script cancel_without_its_timer_of_an_armed_item
delay X O soon_enough
cancel_work X
end

script item_that_queues_itself_while_its_queue_drains
hold A
again A
queue A O
drain O
release A
end
"""


def special():
    for text in SPECIAL.strip().split("\n\n"):
        yield text.split("\n")


def random_scripts():
    return (random_script(number).lines for number in range(1000))


def main():
    kinds = {"matrix": matrix, "random": random_scripts, "special": special}
    if len(sys.argv) != 2 or sys.argv[1] not in kinds:
        sys.exit(__doc__)
    for lines in kinds[sys.argv[1]]():
        print("\n".join(lines))


if __name__ == "__main__":
    main()
