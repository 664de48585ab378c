"""Answers one question, by the rules where no model can be reached."""

import models
import telemetry

if __name__ == "__main__":
    models.embed("How long does a refund take?")
    print(models.chat("How long does a refund take?") or "three days")
    telemetry.export()
