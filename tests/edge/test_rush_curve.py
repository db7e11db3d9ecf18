"""The curve of a rush, and the numbers of its report: pure."""

import io

import pytest

from edge.rush import curve


class TestRead:
    def test_takes_the_last_column_of_each_line_below_the_head(self):
        assert curve.read(["second,reservations", "20:00:03,7", "20:00:04,18"]) == [7, 18]

    def test_names_the_line_that_is_no_number(self):
        with pytest.raises(curve.BadCurve, match="line 3 says 'many'"):
            curve.read(["second,reservations", "20:00:03,7", "20:00:04,many"])

    def test_refuses_a_curve_on_which_nobody_comes(self):
        with pytest.raises(curve.BadCurve, match="nobody comes"):
            curve.read(["second,reservations"])

    def test_reads_the_sale_that_is_kept_here(self, settings):
        path = settings.BASE_DIR / "edge" / "data" / "emf-2026-03-09.csv"

        counts = curve.read(io.StringIO(path.read_text()))

        assert (sum(counts), len(counts), max(counts)) == (967, 17, 134)


class TestScaled:
    def test_multiplies_each_second(self):
        assert curve.scaled([7, 18], 10) == [70, 180]

    def test_keeps_the_total_where_a_second_gets_a_part_of_a_visitor(self):
        assert sum(curve.scaled([1] * 10, 0.5)) == 5

    @pytest.mark.parametrize("scale", [0, -1, float("nan"), float("inf")])
    def test_refuses_what_is_no_scale(self, scale):
        with pytest.raises(curve.BadCurve, match="above 0"):
            curve.scaled([1], scale)

    @pytest.mark.parametrize(("scale", "visitors"), [(0.0001, "0"), (1e9, "967,000,000,000")])
    def test_refuses_nobody_and_more_than_one_machine_can_be(self, scale, visitors):
        with pytest.raises(curve.BadCurve, match=f"{visitors} visitors come"):
            curve.scaled([7, 960], scale)


def test_arrivals_are_spread_evenly_inside_each_second():
    assert list(curve.arrivals([2, 0, 4])) == [0.0, 0.5, 2.0, 2.25, 2.5, 2.75]


class TestPercentile:
    def test_is_the_value_that_so_many_are_not_above(self):
        assert curve.percentile(range(1, 101), 99) == 99
        assert curve.percentile([5.0], 50) == 5.0

    def test_is_nothing_where_nobody_was_measured(self):
        assert curve.percentile([], 99) == 0.0
