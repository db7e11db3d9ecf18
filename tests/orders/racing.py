"""Run callables at once, each in its own thread and so on its own database connection."""

from concurrent.futures import ThreadPoolExecutor

from django.db import connections


def race(*racers):
    with ThreadPoolExecutor(len(racers)) as pool:
        futures = [pool.submit(_run, racer) for racer in racers]
        return [future.result(timeout=20) for future in futures]


def _run(racer):
    try:
        return racer()
    finally:
        connections.close_all()
