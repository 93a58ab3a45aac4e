"""All benchmarks: `python -m benchmarks`. Ratios to the floor of the same run; lower is better."""

from __future__ import annotations

from benchmarks import calls, messages

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


if __name__ == "__main__":
    main()
