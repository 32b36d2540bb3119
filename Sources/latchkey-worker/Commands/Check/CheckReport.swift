import LinuxSystem
import Messages

/// What `check` found, step by step, for people and for programs.
struct CheckReport {
    enum Section: String, CaseIterable {
        case configuration, identity, vault, secret, directory, command, limits, surroundings
    }

    enum Mark: String {
        /// Good: a run needs no more.
        case ok
        /// A warning: a run would start.
        case warning
        /// A failure: a run would not start.
        case failed
        /// Good to know.
        case note
    }

    struct Step {
        let name: Section
        let mark: Mark
        let ok: Bool
        let detail: String
        var code: String?
        var hint: String?
    }

    private(set) var steps: [Step] = []
    /// The exit code with which a run would end instead of starting: that of the first failure.
    private(set) var exitCode: Int32 = 0
    /// Whether a run would start, but fail later at its action on a change.
    private var startsAllTheSame = false
    /// Data for `--json` only.
    var identity = JSONValue.null
    /// What follows a vault's name, and where that was chosen; the location is nil for the default.
    var vaultSuffix = ""
    var vaultSuffixNote: String?
    var vaults: [JSONValue] = []
    var secrets: [JSONValue] = []
    var directory: Directory?
    var command: Command?

    /// Sets the run's exit code, even if another failure was reported first.
    mutating func end(with code: ExitCode) {
        if exitCode == 0 || startsAllTheSame { exitCode = code.rawValue }
        startsAllTheSame = false
    }

    mutating func pass(_ section: Section, _ detail: String) { add(section, .ok, detail) }

    mutating func note(_ section: Section, _ detail: String) { add(section, .note, detail) }

    mutating func warn(_ section: Section, _ diagnosis: Diagnosis) { add(section, .warning, diagnosis) }

    mutating func fail(_ section: Section, _ diagnosis: Diagnosis) {
        end(with: diagnosis.exitCode)
        add(section, .failed, diagnosis)
    }

    /// A failure that a run would meet after its start.
    mutating func failLater(_ section: Section, _ diagnosis: Diagnosis) {
        if exitCode == 0 { (exitCode, startsAllTheSame) = (diagnosis.exitCode.rawValue, true) }
        add(section, .failed, diagnosis)
    }

    private mutating func add(_ section: Section, _ mark: Mark, _ detail: String) {
        steps.append(Step(name: section, mark: mark, ok: mark != .failed, detail: detail))
    }

    /// Every failure has a remedy: its own, or the catalogue's.
    private mutating func add(_ section: Section, _ mark: Mark, _ diagnosis: Diagnosis) {
        let remedy = mark == .failed ? diagnosis.code.entry.remedy : nil
        steps.append(
            Step(
                name: section, mark: mark, ok: mark != .failed, detail: diagnosis.text, code: diagnosis.code.rawValue,
                hint: diagnosis.hint ?? remedy))
    }
}

// MARK: for people

extension CheckReport {
    /// A heading for each part, then its steps with their marks, and each failure with its remedy.
    func text(_ style: TextStyle) -> String {
        var text = vaultSuffixNote.map { style.wrapped($0) + "\n" } ?? ""
        for section in Section.allCases {
            let lines = steps.filter { $0.name == section }
            guard !lines.isEmpty else { continue }
            text += style.bold(section.heading) + "\n"
            for step in lines {
                let code = step.code.map { "[\($0)] " } ?? ""
                text +=
                    "  \(style.mark(step.mark)) \(style.wrapped(code + PrintableText.clipped(step.detail, to: 900)))\n"
                // A command stays in one line, so that it can be pasted.
                if let hint = step.hint {
                    text += "    \(style.hint) \(PrintableText.clipped(hint, to: 900))\n"
                }
            }
        }
        return text + "\n" + style.bold(style.folded(verdict)) + "\n"
    }

    private var verdict: String {
        let start = command == nil ? "given a COMMAND, 'latchkey run' would start" : "'latchkey run' would start"
        if exitCode == 0 { return start }
        if startsAllTheSame { return "\(start), and fail at the first change: exit code \(exitCode)" }
        return "'latchkey run' would not start: exit code \(exitCode)"
    }
}

extension CheckReport.Section {
    fileprivate var heading: String {
        switch self {
        case .secret: "secrets"
        default: rawValue
        }
    }
}

/// The marks and colours that the terminal can show: colours only on a terminal, signs only with UTF-8.
struct TextStyle {
    let hasColour: Bool
    let hasSigns: Bool
    /// The terminal's width; nil if lines are not folded.
    let columns: Int?

    init(_ environment: EnvironmentEntries) {
        let locale =
            ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment.text($0) }.first { !$0.isEmpty } ?? ""
        let isTerminal = Terminal.isCapable(1, environment.value)
        columns = isTerminal ? Terminal.columns(of: 1) : nil
        hasColour = Terminal.showsColour(on: 1, environment.value)
        hasSigns = isTerminal && ["utf-8", "utf8"].contains { locale.lowercased().hasSuffix($0) }
    }

    var hint: String { painted("hint:", "36") }

    /// A step's text after its mark, with its further lines indented.
    func wrapped(_ text: String) -> String {
        guard let columns else { return text }
        let indent = hasSigns ? 4 : 7
        return WrappedText.lines(text, width: max(20, columns - indent))
            .joined(separator: "\n" + String(repeating: " ", count: indent))
    }

    /// Text in lines of the terminal's width.
    func folded(_ text: String) -> String {
        columns.map { WrappedText.lines(text, width: max(20, $0)).joined(separator: "\n") } ?? text
    }

    func bold(_ text: String) -> String { painted(text, "1") }

    func mark(_ mark: CheckReport.Mark) -> String {
        switch mark {
        case .ok: painted(hasSigns ? "✓" : "ok  ", "32")
        case .warning: painted(hasSigns ? "!" : "warn", "1;33")
        case .failed: painted(hasSigns ? "✗" : "FAIL", "1;31")
        case .note: painted(hasSigns ? "·" : "-   ", "2")
        }
    }

    private func painted(_ text: String, _ code: String) -> String {
        hasColour ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
    }
}
