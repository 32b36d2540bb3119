import Cryptography
import LinuxSystem
package import Secrets

/// A Mustache template whose variables are secrets' names. Nothing is escaped unless `json(…)` or `shell(…)` asks for it.
package struct Template: Sendable {
    private let pieces: [TemplateScanner.Piece]
    /// The SHA-256 digest of its text, in hexadecimal digits.
    package let digest: String

    /// The most bytes of a template.
    package static let sizeLimit = 1 << 20

    /// Reads and checks a template.
    package static func read(_ path: String) throws(DeliveryError) -> Template {
        var text: [UInt8] = []
        do {
            let file = try SecureFile.open(path)
            if file.size > sizeLimit { throw SystemError(call: "read", code: 27, subject: path) }
            text = [UInt8](repeating: 0, count: file.size)
            var room = text.mutableSpan
            let count = try file.read(into: &room)
            text.removeLast(text.count - count)
        } catch let error as SystemError {
            throw .templateMissing(error)
        } catch {
            throw .templateMissing(SystemError(call: "read", code: 5, subject: path))
        }
        guard let text = String(validating: text, as: UTF8.self) else {
            throw .templateSyntax(TemplateLocation(path: path, line: 1, column: 1), "the template is not UTF-8 text")
        }
        return try Template(text, path: path)
    }

    /// Checks a template's text; `path` is for messages.
    package init(_ text: String, path: String) throws(DeliveryError) {
        pieces = try TemplateScanner.pieces(of: text, path: path)
        digest = hexadecimal(sha256(Array(text.utf8).span).span)
    }

    /// The names of the secrets to fetch, each once, in their order.
    package var names: [String] {
        var seen: Set<String> = []
        return pieces.compactMap { if case .use(let use) = $0 { use.name } else { nil } }
            .filter { seen.insert($0).inserted }
    }

    /// Writes the text into the set and returns its slot. `values`: every name's slot in the set.
    ///
    /// `file`: the path of the file to be delivered, for messages.
    package func render(
        _ values: [String: SecretSet.Slot], in secrets: inout SecretSet, file: String
    ) throws(DeliveryError) -> SecretSet.Slot {
        var text = SecretBuffer()
        for piece in pieces {
            switch piece {
            case .text(let bytes): text.append(bytes.span)
            case .use(let use):
                guard let slot = values[use.name] else { throw .templateName(use.location, use.name) }
                try secrets.withBytes(of: slot) { bytes throws(DeliveryError) in
                    try write(bytes, use, into: &text, file: file)
                }
            }
        }
        return text.withBytes { secrets.append($0) }
    }

    private func write(
        _ value: Span<UInt8>, _ use: TemplateScanner.Use, into text: inout SecretBuffer, file: String
    ) throws(DeliveryError) {
        guard isText(value) else { throw .encoding(secret: use.name, file: file) }
        switch use.quoting {
        case .plain: text.append(value)
        case .json: Quoting.json(value, into: &text)
        case .shell:
            if value.indices.contains(where: { value[$0] == 0 }) { throw .templateNull(use.location, use.name) }
            Quoting.shell(value, into: &text)
        }
    }
}
