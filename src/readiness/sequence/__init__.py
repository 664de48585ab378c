"""The kernel: the order of the sequence and the rules of judgement. Pure, without files, processes, clocks or chance."""
