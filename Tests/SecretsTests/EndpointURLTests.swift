import Secrets
import Testing

@Suite struct EndpointURLTests {
    @Test(arguments: [
        ("http://127.0.0.1:42356/msi/token", "http://127.0.0.1:42356/msi/token"),
        ("HTTPS://Login.Example/a/../b?x=1&y=%20", "https://login.example/a/../b?x=1&y=%20"),
        ("https://login.example", "https://login.example/"), ("https://login.example?", "https://login.example/"),
        ("http://134744072/", "http://8.8.8.8/"), ("http://0x08.010.8.8/", "http://8.8.8.8/"),
        ("http://127.1/", "http://127.0.0.1/"), ("http://[0:0:0::1]:80/", "http://[::1]:80/"),
    ])
    func `a URL is what libcurl connects to`(text: String, read: String) throws {
        let url = try #require(EndpointURL(text))
        #expect(url.text == read)
        #expect(EndpointURL(url.text) == url)
    }

    @Test(arguments: [
        "", "login.example", "ftp://login.example/", "file:///etc/passwd", "http:///path", "http:/host/path", "http://",
        "http://user@host/", "http://u:p@host/", "http://host/#x", "http://host:/", "http://host:0/",
        "http://host:65536/", "http://host:x/", "http://ho st/", "http://h\u{7}/", "http://h\\evil/", "http://hôst/",
        "http://[fe80::1%25eth0]/", "http://[::1/", "http://a%2fb/", "http://a,b/",
    ])
    func `anything else is no URL of an endpoint`(text: String) {
        #expect(EndpointURL(text) == nil)
    }

    @Test func `segments are joined by one slash, and a query stays behind`() throws {
        let url = try #require(EndpointURL("https://host:8443/base//?x=1"))
        #expect(url.appending("a/b")?.text == "https://host:8443/base/a/b")
        #expect(url.hostAndPort == "host:8443")
        #expect(EndpointURL("https://host")?.hostAndPort == "host:443")
    }
}
