package import Secrets

/// Several secrets in one file, or several variables on standard output.
package struct SetFile: Sendable {
    /// How they are written.
    package enum Format: Sendable {
        /// `NAME='value'` lines that a POSIX shell, Python's dotenv and systemd's EnvironmentFile= read alike.
        case dotenv
        /// `NAME=value` lines without quotes, which container engines read (docker run(1), `--env-file`).
        case envFile
        /// One object, with the names as in the vault.
        case json
        /// `export NAME='value'` lines for a POSIX shell alone, which reads any bytes but NUL.
        case shell
    }

    /// One secret of the set, or one variable.
    package struct Member: Sendable, Equatable {
        /// As in the vault, or the variable's.
        package var name: String
        package var value: SecretSet.Slot

        package init(name: String, value: SecretSet.Slot) {
            self.name = name
            self.value = value
        }
    }

    /// The file's path, for messages; nil for variables, whose names stay as they are.
    private let path: String?
    private let format: Format

    package init(path: String?, format: Format) {
        self.path = path
        self.format = format
    }

    /// The name under which a member is written.
    private func name(of member: Member) -> String {
        format == .json || path == nil ? member.name : VariableName.upperSnake(member.name)
    }

    private func written(_ member: Member) -> DeliveryError.Written {
        DeliveryError.Written(name: member.name, file: path)
    }

    /// Writes the file's bytes into the set and returns their slot.
    package func render(_ members: [Member], in secrets: inout SecretSet) throws(DeliveryError) -> SecretSet.Slot {
        try check(members, secrets)
        let text =
            switch format {
            case .dotenv: try dotenv(members, secrets)
            case .envFile: try envFile(members, secrets)
            case .json: json(members, secrets)
            case .shell: shell(members, secrets)
            }
        return text.withBytes { secrets.append($0) }
    }

    private func check(_ members: [Member], _ secrets: borrowing SecretSet) throws(DeliveryError) {
        var names: [String: String] = [:]
        for member in members {
            let name = name(of: member)
            if let other = names.updateValue(member.name, forKey: name) {
                throw .setDuplicate(file: path ?? "", name: name, first: other, second: member.name)
            }
            if format != .json, !VariableName.isPortable(name) {
                throw .variableName(written(member), variable: name)
            }
            if format != .shell, !secrets.withBytes(of: member.value, { isText($0) }) {
                guard let path else { throw .notText(written(member)) }
                throw .encoding(secret: member.name, target: "file '\(path)'")
            }
        }
    }

    private func shell(_ members: [Member], _ secrets: borrowing SecretSet) -> SecretBuffer {
        var text = SecretBuffer()
        for member in members {
            text.append("export \(name(of: member))=")
            secrets.withBytes(of: member.value) { Quoting.shell($0, into: &text) }
            text.append("\n")
        }
        return text
    }

    private func json(_ members: [Member], _ secrets: borrowing SecretSet) -> SecretBuffer {
        var text = SecretBuffer()
        text.append("{")
        for (index, member) in members.enumerated() {
            text.append(index == 0 ? "\n  " : ",\n  ")
            let name = Array(member.name.utf8)
            Quoting.json(name.span, into: &text)
            text.append(": ")
            secrets.withBytes(of: member.value) { Quoting.json($0, into: &text) }
        }
        text.append(members.isEmpty ? "}\n" : "\n}\n")
        return text
    }

    /// Every byte after `=` is the value's, so that one with a newline has no spelling.
    private func envFile(_ members: [Member], _ secrets: borrowing SecretSet) throws(DeliveryError) -> SecretBuffer {
        var text = SecretBuffer()
        for member in members {
            let fits = secrets.withBytes(of: member.value) { bytes in
                bytes.indices.allSatisfy { ![0x00, 0x0A, 0x0D].contains(bytes[$0]) }
            }
            guard fits else { throw .envFileValue(written(member)) }
            text.append(name(of: member) + "=")
            secrets.withBytes(of: member.value) { bytes in text.append(bytes) }
            text.append("\n")
        }
        return text
    }

    /// A value that ends in a backslash comes last: Python's dotenv takes the closing quote after it for an escaped one
    /// if another such quote follows.
    private func dotenv(_ members: [Member], _ secrets: borrowing SecretSet) throws(DeliveryError) -> SecretBuffer {
        var text = SecretBuffer()
        var last: [(Member, DotenvQuote)] = []
        for member in members {
            let value = secrets.withBytes(of: member.value) { DotenvValue($0) }
            guard let quote = value.quote else {
                throw .dotenvValue(written(member), value.obstacle)
            }
            if value.endsInBackslash {
                last.append((member, quote))
            } else {
                line(member, quote, secrets, into: &text)
            }
        }
        guard last.count <= 1 else { throw .dotenvValue(written(last[1].0), .twoBackslashes) }
        for (member, quote) in last { line(member, quote, secrets, into: &text) }
        return text
    }

    private func line(
        _ member: Member, _ quote: DotenvQuote, _ secrets: borrowing SecretSet, into text: inout SecretBuffer
    ) {
        text.append(name(of: member) + "=")
        secrets.withBytes(of: member.value) { Quoting.dotenv($0, quote, into: &text) }
        text.append("\n")
    }
}

/// The quote around a value in a dotenv file.
enum DotenvQuote {
    case single, double
}

/// A property of a value that one of the three readers would misread.
///
/// The readers differ. Between single quotes the shell and systemd change nothing, but Python turns `\\` into one
/// backslash and expands `${NAME}`. Between double quotes the shell and systemd take `\$` for a dollar, Python does
/// not. A carriage return is lost to Python, which reads lines. So some values have no spelling that all three read
/// alike.
struct DotenvValue {
    private(set) var endsInBackslash = false
    private var hasNull = false
    private var hasReturn = false
    private var hasBraces = false
    private var hasSingleQuote = false
    private var hasTwoBackslashes = false
    private var hasLiveDollar = false

    init(_ value: Span<UInt8>) {
        var before: UInt8 = 0
        for index in value.indices {
            let byte = value[index]
            switch byte {
            case 0: hasNull = true
            case UInt8(ascii: "\r"): hasReturn = true
            case UInt8(ascii: "'"): hasSingleQuote = true
            case UInt8(ascii: "`"): hasLiveDollar = true
            case UInt8(ascii: "\\") where before == UInt8(ascii: "\\"): hasTwoBackslashes = true
            default: break
            }
            if before == UInt8(ascii: "$") {
                if byte == UInt8(ascii: "{") { hasBraces = true }
                if Self.expands(byte) { hasLiveDollar = true }
            }
            before = byte
        }
        endsInBackslash = before == UInt8(ascii: "\\")
    }

    /// Whether a shell expands a dollar before this byte between double quotes.
    private static func expands(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "_{(*@#?-$![".utf8.contains(byte)
        }
    }

    /// The quote that all readers understand in the same way; nil if there is none.
    var quote: DotenvQuote? {
        if hasNull || hasReturn || hasBraces { return nil }
        if !hasSingleQuote, !hasTwoBackslashes { return .single }
        return hasLiveDollar ? nil : .double
    }

    var obstacle: DotenvObstacle {
        if hasNull { return .null }
        if hasReturn { return .carriageReturn }
        return hasBraces ? .braces : .quotes
    }
}
