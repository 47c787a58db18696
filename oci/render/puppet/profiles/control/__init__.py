"""The control side of a cloud: APIs, and what works behind them."""
