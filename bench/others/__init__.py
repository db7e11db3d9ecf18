"""Other shops, run on the same services and the same load as ours. `bench.shops` compares them."""
