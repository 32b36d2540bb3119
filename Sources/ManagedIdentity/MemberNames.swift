import FoundationEssentials

/// Whether a JSON object has two members of one name: readers differ in which of them counts.
///
/// The text is known to be an object; names below its own members are not looked at.
func hasMemberTwice(_ object: Span<UInt8>) -> Bool {
    var names: Set<String> = []
    var depth = 0
    var isName = false
    var index = 0
    while index < object.count {
        switch object[index] {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            depth += 1
            isName = depth == 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
        case UInt8(ascii: ","): isName = depth == 1
        case UInt8(ascii: "\""):
            let start = index
            index = end(ofStringAt: start, in: object)
            guard isName else { break }
            isName = false
            let written = Data((start...index).map { object[$0] })
            // Names that are written differently may be the same one.
            guard let name = try? JSONDecoder().decode(String.self, from: written), names.insert(name).inserted else {
                return true
            }
        default: break
        }
        index += 1
    }
    return false
}

/// Where the string's closing quotation mark is, or the text's last byte.
private func end(ofStringAt start: Int, in text: Span<UInt8>) -> Int {
    var index = start + 1
    while index < text.count, text[index] != UInt8(ascii: "\"") {
        index += text[index] == UInt8(ascii: "\\") ? 2 : 1
    }
    return min(index, text.count - 1)
}
