"""The proxy between a demo and the network: it records what crosses, and later answers from the recording.

The demo runs in a box without network, whose loopback leads here: a door for each variable that tells a client whom to
ask, and one for everything else (`HTTPS_PROXY`), where TLS ends at certificates of an authority made for this run only.
"""
