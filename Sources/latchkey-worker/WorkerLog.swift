import LaunchConfiguration
import LinuxSystem
import Messages
import ServiceNotify
import Systemd

/// Writes messages to standard error, or to the journal if standard error is the journal, as the plan says.
final class WorkerLog {
    private var renderer: MessageRenderer
    private let journal: JournalWriter?
    private var level = Severity.info
    /// The line of progress, which is erased before a message is written.
    weak var progress: ProgressLine?

    init(environment: EnvironmentEntries) {
        let colour = Terminal.showsColour(on: 2, environment.value)
        journal = JournalWriter(stream: environment.text("JOURNAL_STREAM"))
        renderer = MessageRenderer(format: journal == nil ? .text : .journal, colour: colour)
    }

    /// How messages are written from here on.
    func configure(_ plan: LogPlan, instance: String?) {
        renderer.format = plan.format ?? (journal == nil ? .text : .journal)
        renderer.instance = instance
        level = plan.level
    }

    var format: MessageFormat { renderer.format }

    /// libsystemd, where it is loaded for the journal.
    var systemd: SystemdLibrary? { journal?.library }

    /// Logs an error of the command line, in the format that its readable part asks for.
    func end(_ error: ConfigurationError, of invocation: Invocation) {
        configure(CommandLine.log(invocation), instance: nil)
        end([error.diagnosis])
    }

    func write(_ message: Message) {
        guard message.severity <= level else { return }
        if format == .journal, let journal {
            let entry = JournalEntry(message, instance: renderer.instance)
            if journal.send(entry) { return }
        }
        let text = renderer.render(message, at: UTCTime(seconds: wallClockSeconds()))
        if let progress {
            progress.around { StandardError.writeNow(Array(text.utf8)) }
        } else {
            StandardError.writeNow(Array(text.utf8))
        }
    }

    /// Waits before the process ends, until the journal has read its messages: it looks up the sender by process id.
    func flush() {
        journal?.flush()
    }

    /// Errors that end the run, the most important first.
    func end(_ diagnoses: [Diagnosis]) {
        for diagnosis in diagnoses { write(Message(.error, diagnosis)) }
    }
}

/// The original environment as raw entries. Of several with one name the first counts, as for getenv(3).
struct EnvironmentEntries {
    let entries: [[UInt8]]

    /// Splits a block of NUL-ended entries.
    init(block: [UInt8]) {
        entries = block.split(separator: 0, omittingEmptySubsequences: false).dropLast().map(Array.init)
    }

    init(entries: [[UInt8]]) {
        self.entries = entries
    }

    /// The entries with a NUL behind each.
    var block: [UInt8] { entries.flatMap { $0 + [0] } }

    subscript(name: String) -> [UInt8]? { value(name) }

    func value(_ name: String) -> [UInt8]? {
        let start = Array((name + "=").utf8)
        return entries.first { $0.starts(with: start) }.map { Array($0.dropFirst(start.count)) }
    }

    func text(_ name: String) -> String? {
        self[name].map { String(decoding: $0, as: UTF8.self) }
    }
}
