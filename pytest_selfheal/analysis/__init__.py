"""What a model, an agent or a person needs to know about a failure, and what an answer has to look like.

Pure: texts come in already read and without secrets, a question goes out; an answer's value comes in, edits go out.

PYTEST_DONT_REWRITE
"""
