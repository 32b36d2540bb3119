/// The text of a UUID (RFC 9562, version 4), made of 122 of these 128 random bits.
package func uuidText(_ high: UInt64, _ low: UInt64) -> String {
    let halves = (high & 0xFFFF_FFFF_FFFF_0FFF | 0x4000, low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000 << 48)
    var text: [UInt8] = []
    text.reserveCapacity(36)
    for index in 0..<32 {
        if [8, 12, 16, 20].contains(index) { text.append(UInt8(ascii: "-")) }
        let digit = UInt8((index < 16 ? halves.0 : halves.1) >> UInt64(60 - index % 16 * 4) & 0xF)
        text.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }
    return String(decoding: text, as: UTF8.self)
}
