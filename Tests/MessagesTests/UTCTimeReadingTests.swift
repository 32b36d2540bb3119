import Messages
import Testing

@Suite struct UTCTimeReadingTests {
    @Test(arguments: [0, 1, 951_782_399, 951_782_400, 1_709_164_800, 1_795_650_041, 4_102_444_800, -1, -62_135_596_800])
    func `a moment is read as it is written`(seconds: Int64) {
        let time = UTCTime(seconds: seconds)
        #expect(UTCTime(rfc3339: time.rfc3339) == time)
    }

    @Test(arguments: ["", "2026-11-23", "2026-11-23T12:04:10", "2026-13-23T12:04:10Z", "2026-02-30T12:04:10Z", "now"])
    func `what is no moment is none`(text: String) {
        #expect(UTCTime(rfc3339: text) == nil)
    }
}
