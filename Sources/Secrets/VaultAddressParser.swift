extension VaultAddress {
    /// Reads what `--vault` takes: a vault's name (`contoso-web`), which gets the suffix, or an https URL without a path.
    package init(parsing text: String, suffix: VaultSuffix) throws(ReferenceError) {
        let cursor = TextCursor(text)
        if cursor.isEmpty { throw ReferenceError("a vault is a name or an https URL", at: 0) }
        guard let scheme = cursor.scheme else {
            if cursor.bytes.contains(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ":") }) {
                throw ReferenceError("a vault that is not a name is an https URL, with 'https://' in front", at: 0)
            }
            self = try VaultAddress.short(cursor, suffix)
            return
        }
        guard scheme.name == "https" else { throw ReferenceError("a vault is always https", at: 0) }
        let (authority, path) = cursor.dropping(scheme.length).split(at: UInt8(ascii: "/"))
        self = try VaultAddress.authority(authority)
        // The portal shows vaults with a slash at the end.
        if let path, !path.isEmpty { throw ReferenceError("a vault's URL has no path", at: path.offset) }
    }

    /// A short name: the label of a host before the suffix.
    static func short(_ name: TextCursor, _ suffix: VaultSuffix) throws(ReferenceError) -> VaultAddress {
        guard (3...24).contains(name.bytes.count), name.isName, !name.isHyphenated else {
            throw ReferenceError("a vault's name has 3 to 24 letters, digits and hyphens", at: name.offset)
        }
        return suffix.vault(named: name.text)
    }

    /// `host[:port]`, as libcurl reads it: nothing else can stand between `https://` and the path.
    static func authority(_ text: TextCursor) throws(ReferenceError) -> VaultAddress {
        for (byte, what) in [("@", "user"), ("?", "query"), ("#", "fragment")] {
            if let place = text.firstIndex(of: byte) {
                throw ReferenceError("a vault's URL has no \(what)", at: place)
            }
        }
        guard text.bytes.last != UInt8(ascii: ":"), let url = EndpointURL("https://" + text.text) else {
            // The text before the invalid port is a URL.
            if let colon = text.bytes.lastIndex(of: UInt8(ascii: ":")),
                EndpointURL("https://" + TextCursor(text.bytes[..<colon]).text) != nil
            {
                throw ReferenceError("a port is a number from 1 to 65535", at: colon + 1)
            }
            throw ReferenceError("the vault's URL has no valid host", at: text.offset)
        }
        let labels = TextCursor(url.host).components(at: UInt8(ascii: "."))
        guard url.host.hasPrefix("[") || (url.host.utf8.count <= 253 && labels.allSatisfy(\.isLabel)) else {
            throw ReferenceError("the vault's URL has no valid host", at: text.offset)
        }
        return VaultAddress(host: url.host, port: url.port)
    }
}

/// A piece of a text that knows where it stands in the whole.
struct TextCursor {
    let bytes: ArraySlice<UInt8>
    /// The piece's first byte, counted from the whole text's.
    var offset: Int { bytes.startIndex }
    var isEmpty: Bool { bytes.isEmpty }
    var text: String { String(decoding: bytes, as: UTF8.self) }

    init(_ text: String) {
        bytes = Array(text.utf8)[...]
    }

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
    }

    /// The scheme in lower case, and its length with `://`; nil where there is none.
    var scheme: (name: String, length: Int)? {
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), bytes[colon...].starts(with: "://".utf8) else {
            return nil
        }
        return (TextCursor(bytes[..<colon]).text.lowercased(), colon - offset + 3)
    }

    func dropping(_ count: Int) -> TextCursor { TextCursor(bytes.dropFirst(count)) }

    func firstIndex(of character: String) -> Int? {
        character.utf8.first.flatMap { bytes.firstIndex(of: $0) }
    }

    /// What stands before the first such byte, and what behind it; nil without one.
    func split(at byte: UInt8) -> (TextCursor, TextCursor?) {
        guard let place = bytes.firstIndex(of: byte) else { return (self, nil) }
        return (TextCursor(bytes[..<place]), TextCursor(bytes[(place + 1)...]))
    }

    func components(at byte: UInt8) -> [TextCursor] {
        bytes.split(separator: byte, omittingEmptySubsequences: false).map { TextCursor($0) }
    }

    /// The piece without spaces at its ends.
    var trimmed: TextCursor {
        var rest = bytes
        while rest.first == UInt8(ascii: " ") { rest.removeFirst() }
        while rest.last == UInt8(ascii: " ") { rest.removeLast() }
        return TextCursor(rest)
    }

    /// Letters, digits and hyphens only.
    var isName: Bool { !isEmpty && bytes.allSatisfy { $0.isAlphanumeric || $0 == UInt8(ascii: "-") } }

    var isHyphenated: Bool { bytes.first == UInt8(ascii: "-") || bytes.last == UInt8(ascii: "-") }

    /// A host name's label (RFC 1123), with the underscore that resolvers take.
    var isLabel: Bool {
        (1...63).contains(bytes.count) && !isHyphenated
            && bytes.allSatisfy { $0.isAlphanumeric || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
    }

    /// Whether the last label has digits only, as an IPv4 address.
    var endsInNumber: Bool {
        components(at: UInt8(ascii: ".")).last?.bytes.allSatisfy { (48...57).contains($0) } ?? false
    }

    func hasPrefix(ignoringCase prefix: String) -> Bool {
        bytes.prefix(prefix.utf8.count).elementsEqual(prefix.utf8) { $0.lowercased == $1.lowercased }
    }
}

extension UInt8 {
    var lowercased: UInt8 { (65...90).contains(self) ? self + 32 : self }
    var isHexDigit: Bool { (48...57).contains(self) || (97...102).contains(lowercased) }
    var isAlphanumeric: Bool { (48...57).contains(self) || (97...122).contains(lowercased) }
}
