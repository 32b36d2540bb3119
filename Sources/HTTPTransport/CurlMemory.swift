import CCurl
import Secrets

/// Memory lent to C, wiped before it is freed: a secret header's line, a request's body.
@safe
final class WipedMemory {
    private let start: UnsafeMutableRawPointer
    let count: Int

    /// The parts in sequence, and a final NUL that does not count.
    init(_ prefix: String, _ secret: SharedSecret?) {
        let prefix = Array(prefix.utf8)
        count = prefix.count + (secret?.count ?? 0)
        unsafe start = .allocate(byteCount: count + 1, alignment: 1)
        unsafe prefix.withUnsafeBytes {
            unsafe start.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(start), byteCount: $0.count)
        }
        secret?.withBytes { bytes in
            unsafe bytes.withUnsafeBytes { source in
                guard let base = source.baseAddress else { return }
                unsafe (start + prefix.count).copyMemory(from: base, byteCount: source.count)
            }
        }
        unsafe start.storeBytes(of: 0, toByteOffset: count, as: UInt8.self)
    }

    deinit {
        unsafe ccurl_wipe(start, count)
        unsafe start.deallocate()
    }

    /// A pointer to the bytes; valid as long as this object lives.
    var bytes: UnsafeRawPointer { unsafe UnsafeRawPointer(start) }

    /// Whether it has a byte that ends a line or a string, or that no header may hold (RFC 9110, 5.5).
    var holdsControlBytes: Bool {
        // No early exit, so that the compiler can vectorize the loop.
        var found: UInt8 = 0
        for index in 0..<count {
            let byte = unsafe start.load(fromByteOffset: index, as: UInt8.self)
            found |= (byte < 0x20 ? 1 : 0) & (byte != 0x09 ? 1 : 0) | (byte == 0x7F ? 1 : 0)
        }
        return found != 0
    }

    /// Whether only spaces and tabs follow from `offset` on.
    func isBlank(from offset: Int) -> Bool {
        (offset..<count).allSatisfy { index in
            let byte = unsafe start.load(fromByteOffset: index, as: UInt8.self)
            return byte == 0x20 || byte == 0x09
        }
    }
}

/// A list of lines that curl copied, wiped when it ends.
@safe
final class WipedList {
    private var list: UnsafeMutablePointer<curl_slist>?

    var first: UnsafeMutablePointer<curl_slist>? { unsafe list }

    init() {}

    deinit {
        unsafe ccurl_list_wipe(list)
    }

    func append(_ line: WipedMemory) {
        if let longer = unsafe curl_slist_append(list, line.bytes.assumingMemoryBound(to: CChar.self)) {
            unsafe list = longer
        }
    }

    func append(_ line: String) {
        append(WipedMemory(line, nil))
    }

    /// Appends a request's header; throws for an invalid one, without its value in the error.
    func append(header name: String, _ value: HTTPHeaderValue) throws(HTTPFailure) {
        guard !name.isEmpty, name.utf8.allSatisfy(\.isTokenCharacter) else {
            throw .invalidRequest(reason: "a header's name is invalid")
        }
        let line =
            switch value {
            case .plain(let text): WipedMemory("\(name): \(text)", nil)
            case .secret(let prefix, let secret): WipedMemory("\(name): \(prefix)", secret)
            }
        guard !line.holdsControlBytes else {
            throw .invalidRequest(reason: "the value of the header '\(name)' holds control characters")
        }
        // curl takes a name with nothing after its colon as an instruction to leave the header out.
        append(line.isBlank(from: name.utf8.count + 1) ? WipedMemory("\(name);", nil) : line)
    }
}

extension UInt8 {
    /// Whether a header's name may hold the character (RFC 9110, 5.6.2).
    fileprivate var isTokenCharacter: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "!"), UInt8(ascii: "#")...UInt8(ascii: "'"),
            UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "^")...UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
