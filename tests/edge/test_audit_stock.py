"""`manage.py audit_stock`: what it prints, and its exit status."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from shop.models import Allotment
from tests.edge.losing import pass_by, queue, rebuild  # noqa: F401

pytestmark = pytest.mark.django_db


class TestAuditStock:
    def run(self, *options):
        out = io.StringIO()
        call_command("audit_stock", *options, stdout=out)
        return out.getvalue()

    def test_prints_a_table_and_that_it_balances(self, open_sale):
        open_sale(units=3)

        said = self.run()

        assert "LAMP" in said
        assert "Balanced: armed = left + claimed + ordered + returned." in said

    def test_prints_json_for_programs(self, open_sale, take, drain_all):
        open_sale(units=3)
        take()
        drain_all()

        assert json.loads(self.run("--json")) == {
            "balanced": True,
            "rows": [
                {
                    "product": "lamp",
                    "sku": "LAMP",
                    "sale": "lamp/1",
                    "armed": 3,
                    "left": 2,
                    "claimed": 0,
                    "ordered": 1,
                    "returned": 0,
                    "difference": 0,
                }
            ],
        }

    def test_has_a_friendly_line_when_nothing_was_ever_armed(self, store):
        assert "no sale was armed yet" in self.run()
        assert json.loads(self.run("--json")) == {"balanced": True, "rows": []}

    @pytest.mark.parametrize("counter", ["ordered", "returned"])
    def test_fails_when_a_counter_was_broken_by_hand(self, open_sale, counter):
        open_sale(units=3)
        Allotment.objects.update(**{counter: 1})

        with pytest.raises(CommandError, match=r"LAMP in lamp/1: 1 unit.s. have two owners"):
            self.run()

    def test_fails_after_printing_the_rows_as_json_too(self, open_sale, capsys):
        open_sale(units=3)
        Allotment.objects.update(armed=5)

        with pytest.raises(CommandError, match=r"2 unit.s. have no owner"):
            call_command("audit_stock", "--json")

        assert json.loads(capsys.readouterr().out)["balanced"] is False

    def test_names_the_nearest_product(self, make_product):
        make_product()

        with pytest.raises(CommandError, match="Did you mean lamp"):
            self.run("--product", "lampe")

    def test_says_that_a_lost_ledger_is_why(self, open_sale, store):
        open_sale(units=3)
        store.flushall()
        pass_by()

        with pytest.raises(CommandError, match=r"Not balanced. lamp: The ledger was lost at .* look again"):
            self.run()

        rebuild()
        assert "Balanced" in self.run()
