import LinuxSystem
import WorkerProtocol

/// `--ready`: `notify`, a duration, or `exec:COMMAND`.
enum ReadinessText {
    static func parse(_ text: String) throws(ValueProblem) -> Readiness {
        if text == "notify" { return .notify }
        if text.hasPrefix("exec:") { return .command(try CommandWords.split(String(text.dropFirst(5)))) }
        do throws(ValueProblem) {
            return .after(milliseconds: try DurationText.parse(text).wholeMilliseconds)
        } catch {
            throw ValueProblem(error.reason, hint: "write notify, a duration such as 2s, or exec:COMMAND")
        }
    }
}
