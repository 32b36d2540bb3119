import LinuxSystem
import Messages
import Synchronization

/// One line on the terminal that says what is waited for, once that has taken more than half a second.
///
/// A thread of its own draws it: the transport waits without coming back. It is erased before anything else is written.
final class ProgressLine: Sendable {
    private struct State {
        var words = "asking for an identity"
        /// The line that stands on the terminal.
        var shown: String?
        var isStopped = false
    }

    private let state = Mutex(State())

    /// nil where standard error is no terminal.
    init?(_ environment: EnvironmentEntries) {
        guard Terminal.isTerminal(2), environment["TERM"] != Array("dumb".utf8) else { return nil }
        BackgroundThread.start(first: .milliseconds(500), pause: .milliseconds(200)) { [weak self] in
            self?.draw() ?? false
        }
    }

    func show(_ words: String) {
        state.withLock { $0.words = words }
    }

    /// Takes the line away and lets `body` write.
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
        StandardError.writeNow(Array("\r\u{1b}[K".utf8))
        state.shown = nil
    }

    /// Whether there is more to draw.
    private func draw() -> Bool {
        state.withLock { state in
            guard !state.isStopped else { return false }
            let width = max(20, (Terminal.columns(of: 2) ?? 80) - 1)
            let line = String("latchkey: \(PrintableText.escaped(state.words))".prefix(width))
            if state.shown != line { StandardError.writeNow(Array("\r\(line)\u{1b}[K".utf8)) }
            state.shown = line
            return true
        }
    }
}
