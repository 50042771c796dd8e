"""The arithmetic of docs/scaling.md, by hand."""

import pytest

from bench.tiers import Machine, demand, first_limit, main

MACHINE = Machine(flops=1e14, cores=8, decoded=200, read=1e8, link=5e10)


def test_images_bytes_cores_and_seconds():
    need = demand(flops=1e11, parameters=25_000_000, gpus=4, machine=MACHINE, picture=1e5)
    assert need.images == 4 * 1000 and need.cores == 20 and need.read == 4e8
    assert need.pixels == 1000 * 3 * 224 * 224 and need.computing == pytest.approx(4096 / 4000)
    assert need.exchanging == pytest.approx(2 * 3 / 4 * 1e8 / 5e10)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "none (storage 100%)"),
        ({"cores": 1}, "decoding (500%)"),
        ({"read": 5e7}, "storage (200%)"),
        ({"link": 1e8}, "gradients (220%)"),
    ],
)
def test_the_first_limit_is_what_is_shortest_of_its_demand(changes, expected):
    machine = Machine(**{**MACHINE.__dict__, **changes})
    need = demand(flops=1e11, parameters=25_000_000, gpus=4, machine=machine, picture=1e5)
    assert first_limit(need, 4, machine) == expected


def test_the_table_has_a_row_for_each_model_and_number_of_gpus(capsys):
    main([])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + 6 and lines[2].startswith("| ViT-B/16 | 8 | ")
