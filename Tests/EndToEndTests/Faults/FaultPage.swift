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

        Each row is a fault or a bad input that a test injects: before the start, and in a refresh of a run that works.

        Before the start, Latchkey does not start the command. It says in one line what is wrong, with the code in the
        table, and ends with the exit code. It retries a temporary failure (75) until `--start-timeout`; any other ends
        at once.

        In a refresh, the last delivery stays: files, environment and generation are unchanged, the command is neither
        restarted nor signalled, the state is `failing`, and the status has the code in the table. Once the fault is
        gone, the next refresh succeeds.

        """

    private static let calls =
        """
        ## System calls of a worker

        `CallFaultTests` records the system calls that a worker makes from the first lines of its `main` on, and fails
        them one by one: the call is not made, and returns the error. It does so for a start with variables and files
        and for a refresh with a new version, with all errors below; for `sync` and `get` with the first error only. The
        usual run leaves these two out, and fails only the last call of each name. The test prints a table of the
        outcomes.

        At each point the command succeeds all the same, maybe at another try, or ends with 70, 71, 74, 75 or 76 and one
        line that says what failed (a second one if a worker could not even send its report). Then nothing or everything
        is delivered, and the next start succeeds. In a refresh, the last delivery stays, and the next attempt, which
        comes by itself, delivers the new version. If only the report failed, the new files are already in place, and
        the next attempt tells the app. `sync` and `get` have no supervisor: without memory they die of a signal, and if
        their first calls fail they end with 71 and no line. If every read and write transfers only half of the bytes,
        nothing is lost.

        `InjectionTests` fails the supervisor's calls one by one too. `KillTests` kills a delivery at each of its calls,
        and `ShortageTests` runs it on full and exhausted file systems.


        """ + CallErrors.page

    private static let closing = """
        ## What no test injects

        - **Calls of a worker before its `main`**, which are the loader's, and calls of threads that libraries start. A
          row above has a worker that can't be loaded, and one that ends without a report.
        - **A wrong wall clock of the supervisor.** The kernel has no namespace for it, and all processes share the
          machine's: the tests move the emulator's clock instead.
        - **A user's quota on a tmpfs.** A kernel can be built without it: the tests inject its error.
        - **A name server that never answers**, except for a name lookup that hangs while Latchkey is told to end
          (`EndingTests`): the worker looks names up as the system is configured to.
        - **Azure itself.** The emulator gives all answers, in the form of recorded ones.

        """

    private static func section(_ group: FaultGroup) -> String {
        let rows = group.rows.map { fault in
            "| \(fault.what) | \(fault.provocation) | \(start(fault)) | \(refresh(fault)) |\n"
        }
        return
            "## \(group.title)\n\n| fault | injected by | before the start | in a refresh |\n|---|---|---|---|\n"
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
