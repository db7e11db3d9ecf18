"""What a plan shows, and what it refuses to do."""

import pytest

from edge.plan import UnsafePlan, plan
from edge.routing import PERMANENT, Behavior, Origin, Table, sale_behaviors

MUSKIE = sale_behaviors(category="rods", product="muskie-casting-rod", build="b7")
REBUILT = sale_behaviors(category="rods", product="muskie-casting-rod", build="b8")
MUSKIE_ORDERS = frozenset(each.path_pattern for each in MUSKIE if each.origin is Origin.FASTPATH)
QUIET = Table(1, PERMANENT)
SALE = Table(2, (*MUSKIE, *PERMANENT))


class TestPlan:
    def test_a_router_without_a_table_gets_all_of_it(self):
        first = plan(None, PERMANENT)

        assert first.add == PERMANENT
        assert not first.is_empty

    def test_the_same_table_is_no_change(self):
        again = plan(SALE, SALE.behaviors)

        assert again.is_empty
        assert list(again.lines()) == ["Nothing to change: the router has table 2."]

    def test_a_sale_adds_three_behaviors(self):
        assert plan(QUIET, SALE.behaviors).add == MUSKIE

    def test_closing_removes_them(self):
        assert plan(SALE, PERMANENT).remove == MUSKIE

    def test_a_new_build_changes_the_page_alone(self):
        rebuilt = plan(SALE, (*REBUILT, *PERMANENT))

        assert rebuilt.change == ((MUSKIE[0], REBUILT[0]),)
        assert not rebuilt.add
        assert not rebuilt.remove

    def test_another_precedence_is_a_change(self):
        swapped = plan(SALE, (*reversed(MUSKIE), *PERMANENT))

        assert swapped.reordered
        assert not swapped.is_empty

    def test_shows_each_change_on_a_line(self):
        lines = list(plan(SALE, (REBUILT[0], *PERMANENT)).lines())

        assert lines[0] == "- /shop/rods/muskie-casting-rod/order → fastpath"
        assert lines[2].startswith("~ /shop/rods/muskie-casting-rod/ → minisite (/_mini/b7/")


class TestRaiseIfUnsafe:
    def test_lets_a_sale_come_and_go(self):
        plan(QUIET, SALE.behaviors).raise_if_unsafe(on_sale=MUSKIE_ORDERS)
        plan(SALE, QUIET.behaviors).raise_if_unsafe(on_sale=())

    def test_keeps_the_fast_path_of_a_sale_that_is_on(self):
        with pytest.raises(
            UnsafePlan, match=r"2 fast-path route\(s\) would be removed while their sale is on"
        ):
            plan(SALE, QUIET.behaviors).raise_if_unsafe(on_sale=MUSKIE_ORDERS)

    def test_does_not_let_it_be_led_to_the_shop_either(self):
        to_the_shop = tuple(Behavior(each.path_pattern, Origin.WEB) for each in MUSKIE)

        with pytest.raises(UnsafePlan, match="muskie-casting-rod/order"):
            plan(SALE, (*to_the_shop, *PERMANENT)).raise_if_unsafe(on_sale=MUSKIE_ORDERS)

    @pytest.mark.parametrize("desired", [(), PERMANENT[:-1], (*PERMANENT, *MUSKIE)])
    def test_keeps_the_shop_behind_everything(self, desired):
        with pytest.raises(UnsafePlan, match="default behavior last"):
            plan(QUIET, desired).raise_if_unsafe()

    def test_finds_a_behavior_that_could_never_match(self):
        with pytest.raises(UnsafePlan, match="more than once"):
            plan(QUIET, (*MUSKIE, *REBUILT, *PERMANENT)).raise_if_unsafe()
