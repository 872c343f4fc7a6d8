"""The benchmark of one list measures what is served."""

from benchmarks import engine
from recommender.facts.placements import Placement


def test_every_shelf_is_measured_and_none_of_them_is_empty(monkeypatch):
    made = []
    recommend = engine.recommend
    monkeypatch.setattr(
        engine, "recommend", lambda *given: made.append(recommend(*given)) or made[-1]
    )
    monkeypatch.setattr(engine, "SHOPPERS", 2)
    figures = engine.measure(0.001, lambda _: None)
    assert [f.name.partition(":")[0] for f in figures[1:]] == [p.value for p in Placement]
    assert all(f.value > 0 and f.ratio > 0 for f in figures[1:])
    assert {shelf.placement for shelf in made if shelf.recommendations} == set(Placement)
