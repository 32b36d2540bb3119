import HTTPTransport
import LinuxSystem
import Messages
import Synchronization

/// A line on the terminal that says what the program waits for, once a wait has taken more than half a second.
///
/// A thread of its own draws it, because the main thread waits in the transport. It is erased before anything else is
/// written.
final class ProgressLine: Sendable {
    private struct State {
        var wait: Wait
        /// The line that the terminal shows now.
        var shown: String?
        var isStopped = false
    }

    private let state: Mutex<State>
    private let group: Int32

    /// nil if standard error is not a terminal. The line is drawn only while `group` is in the foreground: this
    /// process's group, or its supervisor's.
    init?(
        _ environment: EnvironmentEntries, group: Int32 = ProcessFiles.ownGroup, waitingFor subject: String? = nil
    ) {
        guard Terminal.isCapable(2, environment.value) else { return nil }
        self.group = group
        state = Mutex(State(wait: Wait(subject: subject)))
        BackgroundThread.start(first: .milliseconds(500), pause: .milliseconds(200)) { [weak self] in
            self?.draw() ?? false
        }
    }

    /// Changes the text of the next drawing.
    func update(_ change: (inout Wait) -> Void) {
        state.withLock { change(&$0.wait) }
    }

    /// Erases the line and lets `body` write.
    func around(_ body: () -> Void) {
        state.withLock { state in
            Self.erase(&state)
            body()
        }
    }

    func stop() {
        state.withLock { state in
            Self.erase(&state)
            state.isStopped = true
        }
    }

    deinit { stop() }

    private static func erase(_ state: inout State) {
        guard state.shown != nil else { return }
        StandardError.writeNow(Terminal.eraseLine)
        state.shown = nil
    }

    /// Whether there is more to draw.
    private func draw() -> Bool {
        state.withLock { state in
            guard !state.isStopped else { return false }
            // In the background the line would disturb what the user types. In the foreground it is drawn again.
            guard Terminal.isForeground(2, group: group) else {
                state.shown = nil
                return true
            }
            let width = max(1, (Terminal.columns(of: 2) ?? 80) - 1)
            var line = PrintableText.escaped("latchkey: \(state.wait.words(at: .now))")
            if line.count > width { line = line.prefix(width - 1) + "…" }
            if state.shown != line { StandardError.writeNow(Terminal.eraseLine + Array(line.utf8)) }
            state.shown = line
            return true
        }
    }
}

extension ProgressLine {
    /// The text of the line, which changes during the wait.
    struct Wait {
        private let fixed: String?
        private var subject: String?
        private var secrets: String?
        private var pause: (end: BootInstant, reason: String)?

        /// `subject`: what the program waits for all the time; nil for what `await` names.
        init(subject: String?) {
            fixed = subject
        }

        mutating func await(_ answer: AwaitedAnswer) {
            secrets = nil
            switch answer {
            case .identity(let source): subject = "a token of identity '\(source)'"
            case .vaults(let names): subject = Self.vaults(names)
            case .list(let vault, let listed):
                subject = Self.vaults([vault])
                if listed > 0 { secrets = "\(listed) secrets listed" }
            }
        }

        mutating func count(_ done: Int, of total: Int) {
            secrets = "\(done) of \(total) \(total == 1 ? "secret" : "secrets")"
        }

        mutating func retry(at end: BootInstant, reason: String) {
            pause = (end, reason)
        }

        func words(at now: BootInstant) -> String {
            if let pause, now < pause.end {
                let seconds = max(1, ((pause.end - now).wholeMilliseconds + 999) / 1000)
                return "retry in \(seconds)s: \(pause.reason)"
            }
            guard let subject = fixed ?? subject else { return "getting ready" }
            return "waiting for \(subject)" + (secrets.map { ": \($0)" } ?? "")
        }

        private static func vaults(_ names: [String]) -> String {
            let shown = names.prefix(3).map { "'\($0)'" }.joined(separator: ", ")
            let more = names.count > 3 ? " and \(names.count - 3) more" : ""
            return "vault\(names.count == 1 ? "" : "s") \(shown)\(more)"
        }
    }
}
