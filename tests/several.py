"""Processes that train one run together, as torchrun starts them; the curves that they leave."""

import csv
import socket


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def launched(rank, count, port):
    """What torchrun tells its processes."""
    world = {"WORLD_SIZE": str(count), "LOCAL_WORLD_SIZE": str(count), "RANK": str(rank), "LOCAL_RANK": str(rank)}
    return {**world, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "TORCHELASTIC_RUN_ID": "test"}


def start_together(processes, count, *command, results, **environment):
    """`count` processes of one command; what each says goes to said0, said1, ..."""
    port = free_port()
    return [
        processes.start(*command, results=results, output=f"said{rank}", **launched(rank, count, port), **environment)
        for rank in range(count)
    ]


def said(results, count):
    return "\n".join((results / f"said{rank}").read_text() for rank in range(count))


def curve(run):
    """Column -> values of metrics.csv, without clocks."""
    with open(run / "metrics.csv") as file:
        rows = list(csv.DictReader(file))
    return {name: [float(row[name]) for row in rows if row[name]] for name in rows[0] if name != "images_per_second"}
