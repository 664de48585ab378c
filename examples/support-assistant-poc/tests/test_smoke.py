from assistant import answers


def test_it_imports():
    assert answers.VERSION


def test_sentences():
    answers.sentences("It works. It really does.")
