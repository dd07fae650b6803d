"""Reports of runs: records to statistics (`build`), statistics to text, Markdown, JSON, CSV, JUnit and HTML."""
