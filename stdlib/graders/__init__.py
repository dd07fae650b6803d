"""The program that runs somebody else's grader inside a sandbox; the compiler puts its text into the job."""
