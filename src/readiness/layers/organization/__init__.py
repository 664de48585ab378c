"""The organization: conditions on approval, judged from who is named and what they did."""
