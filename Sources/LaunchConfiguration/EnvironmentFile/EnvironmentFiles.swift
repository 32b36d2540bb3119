import Glibc
import LinuxSystem
import Messages
import Secrets

/// A variable of an environment file with a value of its own: bytes, which may be secret and are never printed.
package struct LiteralVariable: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    package var name: String
    package var value: [UInt8]
    package var location: SourceLocation

    package var description: String { name }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// The variables of all files of `--env-file`. Of two with one name the later counts, as for the readers of such files.
struct EnvironmentFiles {
    private(set) var literals: [LiteralVariable] = []
    private(set) var references: [DeliveryItem] = []
    private(set) var notices: [Message] = []
    /// `'web.env' has 3 variables, 1 of them a reference`; for `check`.
    private(set) var summaries: [String] = []

    /// As for the configuration file.
    private static let limit = 1 << 20

    /// Reads the files. `except`: names that the configuration or an option delivers, which is nearer.
    init(_ files: [(path: String, name: String)], except configured: Set<String>, _ parser: ReferenceParser)
        throws(ConfigurationError)
    {
        for file in files {
            let bytes: [UInt8]
            do { bytes = try InputFile.contents(of: file.path, limit: Self.limit) } catch {
                throw Self.unreadable(file.name, error)
            }
            var reader = EnvironmentFileReader(bytes, file: file.name)
            var count = 0
            var names: Set<String> = []
            for line in try reader.lines() {
                names.insert(line.name)
                // A reference that is replaced by another entry is not fetched, but is still to be one.
                let reference = try Self.reference(line, parser)
                literals.removeAll { $0.name == line.name }
                references.removeAll { $0.target == .variable(line.name) }
                guard !configured.contains(line.name) else { continue }
                if let reference {
                    references.append(reference)
                } else {
                    literals.append(LiteralVariable(name: line.name, value: line.value, location: line.location))
                }
                notices += Message.forNoShell(line.name, line.location).map { [$0] } ?? []
                if line.hasExpansion { notices.append(Self.unexpanded(line)) }
            }
            count = references.count { names.contains($0.target.name) }
            let words = count == 0 ? "" : ", \(count) of them \(count == 1 ? "a reference" : "references")"
            summaries.append("'\(file.name)' has \(names.count) variable\(names.count == 1 ? "" : "s")\(words)")
        }
    }

    /// The variable as a reference, if its whole value is one.
    private static func reference(
        _ line: EnvironmentFileReader.Line, _ parser: ReferenceParser
    ) throws(ConfigurationError) -> DeliveryItem? {
        guard ReferenceParser.claims(line.value) else { return nil }
        let origin = Origin.file(line.location, key: line.name)
        guard let text = String(validating: ReferenceParser.trimmed(line.value), as: UTF8.self) else {
            throw origin.error(ValueProblem("its reference is not UTF-8"))
        }
        do {
            let request = ObjectRequest(reference: try parser.parse(text))
            return DeliveryItem(
                .variable(line.name), .object(request), origin: .inherited, location: line.location)
        } catch { throw origin.error(error) }
    }

    private static func unexpanded(_ line: EnvironmentFileReader.Line) -> Message {
        Message(
            .warning, .environmentFileExpansion,
            "\(line.location): '${' in the value of '\(line.name)' is not filled in",
            hint: "write the value out, or put it in single quotes if it is meant as it is")
    }

    private static func unreadable(_ name: String, _ error: SystemError) -> ConfigurationError {
        let text = "environment file '\(name)': \(error.reason)"
        guard error.isAboutPath else { return ConfigurationError(.systemRefused, exit: .system, text) }
        return ConfigurationError(
            .environmentFileMissing, exit: .noInput, text, hint: "correct --env-file, or env-file in latchkey.toml")
    }
}

extension Message {
    /// The warning for a variable whose name a shell drops or can't refer to; nil for any other.
    static func forNoShell(_ name: String, _ location: SourceLocation) -> Message? {
        guard !NameTexts.isShellName(name) else { return nil }
        return Message(
            .warning, .variableName, "\(location): no shell can read a variable of the name '\(name)'",
            hint: "take letters, digits and '_', and no digit first, unless the program itself reads that name")
    }
}
