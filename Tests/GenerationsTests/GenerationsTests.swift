import Foundation
import Generations
import LinuxSystem
import Testing

@Suite struct WritingTests {
    @Test func `a generation is one directory behind one link`() throws {
        let place = try TestPlace()
        let secrets = try place.take().secrets
        #expect(try secrets.deliver(["db-password": "one", "tls/server.pem": "two"]) == .written)
        #expect(place.text("secrets/db-password") == "one")
        #expect(place.text("secrets/tls/server.pem") == "two")
        #expect(place.text("secrets/..data/tls/server.pem") == "two")
        let link = try FileManager.default.destinationOfSymbolicLink(atPath: place.path + "/secrets/db-password")
        #expect(link == "..data/db-password")
        let top = try FileManager.default.contentsOfDirectory(atPath: place.path + "/secrets").sorted()
        #expect(top.filter { !$0.hasPrefix("..latchkey.") } == ["..data", "..pid", "db-password", "tls"])
        #expect(try place.mode("secrets") == 0o700)
        #expect(try place.mode("secrets/..data/db-password") == 0o400)
        #expect(try place.mode("secrets/..data/tls") == 0o700)
    }
}
