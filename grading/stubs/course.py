"""What a lesson imports from `course`, for a kernel in which a submission is graded: the real one stays outside."""


def begin(lesson: str, needs: str = ""):
    print(f"{lesson} is being graded: it stands on the reference's earlier lessons")


def export(lesson: str):
    print(f"{lesson} is being graded: nothing is exported")
