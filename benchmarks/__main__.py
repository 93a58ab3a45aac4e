"""All benchmarks: `python -m benchmarks`. Ratios to the floor of the same run; lower is better."""

from __future__ import annotations

from benchmarks import calls, growth, held_calls, messages, simulated, subscriptions, transactions

TITLES = (
    ("Messages: microseconds a message, mean of the corpus", messages.run),
    ("Transactions and calls: microseconds each", calls.run),
)


def main() -> None:
    for title, run in TITLES:
        print(title)
        for name, micros, ratio in run():
            print(f"  {name:40} {micros:8.1f}  {ratio:6.2f} x floor")
        print()
    print("Memory: bytes held by one message")
    for name, held in messages.memory():
        print(f"  {name:40} {held:8.0f}")
    print()
    simulated.main()
    print()
    transactions.main(transactions.ALIVE)
    print()
    held_calls.main()
    print()
    subscriptions.main()
    print()
    print("Growth: time of each size over that of its half, from 8 kB to 512 kB")
    growth.main()


if __name__ == "__main__":
    main()
