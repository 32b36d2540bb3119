import Glibc
import LinuxSystem
import Messages
import TOMLKit

/// The configuration file's text, read and parsed, not yet understood.
struct ConfigurationText {
    /// The file's name as messages show it.
    let name: String
    /// The file, absolute.
    let path: String
    /// The directory that paths in the file are relative to.
    var directory: String { PathText.directory(of: path) }
    let root: ConfigurationNode

    /// No configuration that people write comes near.
    private static let limit = 1 << 20

    /// Reads and parses the file at an absolute path.
    init(path: String, name: String) throws(ConfigurationError) {
        let contents: [UInt8]
        do { contents = try InputFile.contents(of: path, limit: Self.limit) } catch {
            throw Self.unreadable(name, error)
        }
        try self.init(contents, name: name, path: path)
    }

    /// Reads and parses the file; nil if there is none.
    init?(ifExists path: String, name: String) throws(ConfigurationError) {
        let contents: [UInt8]
        do { contents = try InputFile.contents(of: path, limit: Self.limit) } catch {
            if error.code == ENOENT { return nil }
            throw Self.unreadable(name, error)
        }
        try self.init(contents, name: name, path: path)
    }

    /// Parses a text.
    init(_ bytes: [UInt8], name: String, path: String) throws(ConfigurationError) {
        self.name = name
        self.path = path
        let places = TextPlaces(bytes)
        func fail(
            _ code: MessageCode, at place: TextPlace, _ reason: String, hint: String? = nil
        ) -> ConfigurationError {
            ConfigurationError(
                code, exit: .configuration, "\(name):\(place.line):\(place.column): \(reason)", hint: hint)
        }
        if let nul = bytes.firstIndex(of: 0) {
            throw fail(.configurationSyntax, at: places[nul], "a NUL byte is not allowed")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw fail(.configurationSyntax, at: places[Self.firstInvalid(bytes)], "the text is not UTF-8")
        }
        let scanner = TOMLScanner(bytes)
        // The parser would cut the string there, and look for a key that it does not have.
        if let nul = scanner.nul {
            throw fail(.configurationValue, at: places[nul], "a string with a NUL character can't be used")
        }
        if let fault = scanner.fault {
            throw fail(.configurationSyntax, at: places[fault.offset], fault.reason)
        }
        let table: TOMLTable
        do {
            table = try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            let place = TextPlace(line: error.source.begin.line, column: error.source.begin.column)
            if let duplicate = scanner.duplicates.first(where: { places[$0.second].line <= place.line }) {
                let first = places[duplicate.first]
                throw fail(
                    .configurationDuplicate, at: places[duplicate.second],
                    "'\(duplicate.path.joined(separator: "."))' is given again; first at line \(first.line), column "
                        + "\(first.column)", hint: "keep one of the two")
            }
            throw fail(.configurationSyntax, at: place, Self.reason(error))
        } catch {
            throw fail(.configurationSyntax, at: TextPlace(line: 1, column: 1), "the file is not TOML")
        }
        root = ConfigurationNode(table: table, outline: scanner.root, places: places)
    }

    private static func unreadable(_ name: String, _ error: SystemError) -> ConfigurationError {
        let text = "configuration file '\(name)': \(error.reason)"
        guard error.isAboutPath else { return ConfigurationError(.systemRefused, exit: .system, text) }
        return ConfigurationError(
            .configurationMissing, exit: .noInput, text, hint: "check --config and LATCHKEY_CONFIG")
    }

    /// The parser's words in the style of all messages.
    private static func reason(_ error: TOMLParseError) -> String {
        let start = "Error while parsing "
        let words = error.description
        let rest = words.hasPrefix(start) ? words.dropFirst(start.count) : words[...]
        return rest.prefix(1).lowercased() + rest.dropFirst()
    }

    private static func firstInvalid(_ bytes: [UInt8]) -> Int {
        var offset = 0
        var iterator = bytes.makeIterator()
        var decoder = UTF8()
        while case .scalarValue(let scalar) = decoder.decode(&iterator) { offset += UTF8.width(scalar) }
        return offset
    }
}

extension SystemError {
    /// Whether the path itself is at fault, not a right or a resource.
    fileprivate var isAboutPath: Bool {
        [ENOENT, ENOTDIR, EISDIR, EINVAL, ENAMETOOLONG, ELOOP, EFBIG, ENXIO].contains(code)
    }
}
