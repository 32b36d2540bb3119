import Foundation
import Testing

/// The page of the documentation that shows the matrix.
enum FaultPage {
    private static let path = "Sources/latchkey-worker/Documentation.docc/Faults.md"

    /// Compares the committed page with what the rows make of it; with `LATCHKEY_WRITE_PAGES` set it is written.
    static func check() throws {
        let root = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        let place = "/\(root)/\(path)"
        if ProcessInfo.processInfo.environment["LATCHKEY_WRITE_PAGES"] != nil {
            try text.write(toFile: place, atomically: true, encoding: .utf8)
        }
        let isTheSame = try String(contentsOfFile: place, encoding: .utf8) == text
        #expect(isTheSame, "\(path) is not what the rows say; write it anew with LATCHKEY_WRITE_PAGES=1")
    }

    static var text: String {
        ([opening] + FaultGroup.all.map(section) + [calls, closing]).joined(separator: "\n")
    }

    private static let opening = """
        # Faults and what becomes of them

        Each row is a fault or a bad input that a test brings about: before the start, and in a refresh of a run that goes well.

        Before the start, the command is not started: one line says what is wrong, with the code in the table, and Latchkey ends
        with the exit code. What may pass (75) is tried again until `--start-timeout`; all else ends at once.

        In a refresh, what was delivered last stays: files, environment and generation are what they were, the command is
        neither restarted nor signalled, the state is `failing`, and the code is the one in the status. Once the fault is gone,
        the next refresh succeeds.

        """

    private static let calls =
        """
        ## System calls of a worker

        `CallFaultTests` writes down the calls that a worker makes from the first lines of its `main` on, and fails them one by
        one: the call is not made, and ends with the error. That is done for a start with variables and files and for a refresh
        with something new, with the errors below, and for `sync` and `get` with the first of them; in the usual run not for
        those two, and only for the last call of each name. It prints a table of what became of them.

        At each point the command succeeds all the same, maybe at another try, or ends with 70, 71, 74, 75 or 76 and one line
        that says what failed (a second one where a worker could not even report it). Then nothing is delivered, or all of it,
        and the next start succeeds. In a refresh, what was delivered last stays, and the next attempt, which comes of its own
        accord, delivers what is new; where only the report failed, the new files are in place before it, and the app is told
        by that attempt. `sync` and `get` have nobody above them: without memory they die of a signal, and where their first
        lines are refused they end with 71 and no line. Where every read and write transfers half of what it was asked for, nothing is lost.

        The supervisor's calls are failed one by one too (`InjectionTests`); a delivery is killed at each of its calls
        (`KillTests`), and meets full and exhausted file systems (`ShortageTests`).


        """ + CallErrors.page

    private static let closing = """
        ## What no test brings about

        - **Calls of a worker before its `main`**, which are the loader's, and those of threads that libraries start. A worker
          that can't be loaded, or ends without a report, is a row above.
        - **A launcher's own wall clock that is years off.** The kernel has no namespace for it, and the machine's is everybody's:
          the emulator's clock is moved instead.
        - **A user's quota on a tmpfs.** Kernels refuse to make one where they were built without it: its error is injected.
        - **A name server that never answers**, but for a name lookup that hangs while the launcher is told to end (`EndingTests`):
          the worker looks names up as the system is configured to.
        - **Azure itself.** All answers are the emulator's, in the form of recorded ones.

        """

    private static func section(_ group: FaultGroup) -> String {
        let rows = group.rows.map { fault in
            "| \(fault.what) | \(fault.provocation) | \(start(fault)) | \(refresh(fault)) |\n"
        }
        return
            "## \(group.title)\n\n| fault | brought about by | before the start | in a refresh |\n|---|---|---|---|\n"
            + rows.joined()
    }

    private static func start(_ fault: Fault) -> String {
        switch fault.start {
        case .ends(let code, let message): "\(code) `error[\(message)]`"
        case .runs: "starts"
        case .untried(let reason): reason
        }
    }

    private static func refresh(_ fault: Fault) -> String {
        switch (fault.refresh, fault.start) {
        case (.asStart, .ends(_, let message)), (.keeps(let message), _): "`\(message)`, all kept"
        case (.asStart, _), (.passes, _): "succeeds"
        case (.untried(let reason), _): reason
        }
    }
}
