import pandas as pd

from superposition.readings.ranking import by_loss, by_rank, ranked


def test_ranks_go_as_far_as_every_group_does():
    assert ranked({"a": [1, 2, 3], "b": [4, 5]}) == [{"a": 1, "b": 4}, {"a": 2, "b": 5}]


def test_rows_come_by_loss_and_ties_by_seed():
    rows = pd.DataFrame({"m": [2, 2, 1, 2], "loss": [0.2, 0.1, 0.3, 0.1], "seed": [0, 1, 0, 0], "instance": range(4)})
    found = {m: [int(row["instance"]) for row in own] for m, own in by_loss(rows, "m").items()}
    assert found == {1: [2], 2: [3, 1, 0]}
    assert list(by_loss(rows, "m", [2])) == [2]
    assert [
        int(row["instance"]) for row in by_loss(rows.assign(penalised=-rows["loss"]), "m", loss="penalised")[2]
    ] == [
        0,
        3,
        1,
    ]


def test_tables_of_a_rank_have_all_rows_of_its_instances():
    rows = pd.DataFrame({"point": [0, 0, 0, 1, 1], "rank": [0, 0, 1, 0, 2], "instance": [5, 5, 6, 7, 8]})
    found = by_rank(rows)
    assert [part["instance"].tolist() for part in found] == [[5, 5, 7], [6, 8]]
