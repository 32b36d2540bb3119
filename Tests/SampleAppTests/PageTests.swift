import Foundation
import Testing

/// What a person sees, in a real browser.
@Suite(.enabled(if: Browser.program != nil, "chromium is not installed"), .serialized)
struct PageTests {
    /// Counts what the page's policy forbade.
    private static let watchPolicy = """
        window.violations = [];
        addEventListener("securitypolicyviolation", (event) => violations.push(event.effectiveDirective));
        """

    private static func shown(_ name: String, _ part: String) -> String {
        "document.querySelector('[data-name=\"\(name)\"] \(part)').innerText"
    }

    private func sample(_ state: String = "fresh") throws -> RunningSampleApp {
        let status = ServedFactsTests.status(
            [
                ServedFactsTests.entry("env:API_KEY", version: "aaaaaaaabbbbbbbbccccccccdddddddd"),
                ServedFactsTests.entry("file:tls/key.pem", version: "11111111222222223333333344444444"),
            ], state: state)
        return try RunningSampleApp(
            files: ["tls/key.pem": "canary-of-a-key", "app.ini": "canary-of-an-ini"], status: status,
            variables: [("API_KEY", Array("canary-of-a-variable".utf8))])
    }

    private func open(_ app: RunningSampleApp, in browser: Browser) throws {
        try browser.open("http://127.0.0.1:\(app.port)/", before: Self.watchPolicy)
        try browser.wait(for: "document.querySelectorAll('.secret').length > 0")
    }

    @Test func `the page shows names, lengths, fingerprints and versions, and no value`() throws {
        let app = try sample()
        let facts = try app.facts()
        let browser = try Browser()
        try open(app, in: browser)
        for secret in facts.secrets {
            #expect(try browser.value(of: Self.shown(secret.name, "h3")) == secret.name)
            #expect(try browser.value(of: Self.shown(secret.name, ".fingerprint dd")) == secret.fingerprint)
            #expect(try browser.value(of: Self.shown(secret.name, ".length dd")) == "\(secret.length ?? 0) bytes")
        }
        #expect(try browser.value(of: Self.shown("API_KEY", ".version dd")) == "aaaaaaaa…")
        #expect(try browser.value(of: Self.shown("app.ini", ".version dd")) == "not known")
        #expect(try browser.value(of: "document.getElementById('state').innerText") == "fresh")
        #expect(try !browser.value(of: "document.documentElement.outerHTML").contains("canary"))
    }

    @Test func `a rotation is shown, marked and spoken without a reload`() throws {
        let app = try sample()
        let browser = try Browser()
        try open(app, in: browser)
        let before = try browser.value(of: Self.shown("app.ini", ".fingerprint dd"))
        _ = try browser.value(of: "window.stillTheSamePage = true")

        try app.deliver(["tls/key.pem": "canary-of-a-key", "app.ini": "canary-of-another-ini"])
        app.send(SIGHUP)
        try browser.wait(for: "document.querySelector('.just-changed')")
        #expect(try browser.value(of: "document.querySelector('.just-changed').dataset.name") == "app.ini")
        #expect(try browser.value(of: "document.querySelectorAll('.just-changed').length") == "1")
        #expect(try browser.value(of: Self.shown("app.ini", ".fingerprint s")) == before)
        #expect(try browser.value(of: Self.shown("app.ini", ".fingerprint span")) != before)
        #expect(try browser.value(of: Self.shown("app.ini", ".length dd")) == "21 bytes")
        #expect(
            try browser.value(of: "document.querySelector('[aria-live]').textContent") == "Changed: app.ini.")
        #expect(try browser.value(of: "document.querySelector('#events .what').innerText") == "app.ini")
        #expect(try browser.value(of: "document.getElementById('hangups').innerText") == "1 signal")
        #expect(try browser.value(of: "window.stillTheSamePage") == "1")
        #expect(try !browser.value(of: "document.documentElement.outerHTML").contains("canary"))
    }

    @Test func `the page breaks none of its policy, and the policy holds`() throws {
        let app = try sample()
        let browser = try Browser()
        try open(app, in: browser)
        app.send(SIGHUP)
        try browser.wait(for: "document.querySelectorAll('#events li').length === 2")
        #expect(try browser.value(of: "violations.join()") == "")
        let own = "performance.getEntriesByType('resource').every((entry) => entry.name.startsWith(location.origin))"
        #expect(try browser.value(of: own) == "1")

        // The policy is there: what is not the page's own does not run.
        let inserted = """
            new Promise((done) => {
                addEventListener("securitypolicyviolation", () => done(window.ran || "stopped"));
                const script = document.createElement("script");
                script.textContent = "window.ran = 'ran'";
                document.head.append(script);
            })
            """
        #expect(try browser.value(of: inserted) == "stopped")
    }

    @Test func `a process without secrets says how to give it some`() throws {
        let app = try RunningSampleApp()
        let browser = try Browser()
        try browser.open("http://127.0.0.1:\(app.port)/")
        try browser.wait(for: "!document.getElementById('empty')?.hidden && document.getElementById('empty')")
        #expect(try browser.value(of: "document.querySelectorAll('.secret').length") == "0")
    }

    @Test func `hostile names are text`() throws {
        let name = #"<img src=x onerror="window.ran=1">"#
        let app = try RunningSampleApp(files: [name: "value"])
        let browser = try Browser()
        try open(app, in: browser)
        #expect(try browser.value(of: "document.querySelector('.secret h3').innerText") == name)
        #expect(try browser.value(of: "document.querySelectorAll('.secret img').length") == "0")
    }

    @Test(arguments: [320, 390, 768, 1280])
    func `nothing is wider than the screen`(width: Int) throws {
        let long = String(repeating: "a-long-name-", count: 10)
        let app = try RunningSampleApp(files: [long: "value", "short": "value"])
        let browser = try Browser(width: width)
        try open(app, in: browser)
        #expect(try browser.value(of: "document.documentElement.scrollWidth") == "\(width)")
    }

    @Test(arguments: ["light", "dark"], ["fresh", "failing"])
    func `every text has a contrast of at least 4.5`(scheme: String, state: String) throws {
        let app = try sample(state)
        let browser = try Browser(scheme: scheme)
        try open(app, in: browser)
        try app.deliver(["app.ini": "another"])
        app.send(SIGHUP)
        try browser.wait(for: "document.querySelector('.just-changed') && document.querySelector('.gone')")
        let weak = try browser.value(of: Self.weakTexts)
        #expect(weak == "")
    }

    /// The texts whose contrast with what is behind them is below 4.5, by the formula of WCAG 2.
    private static let weakTexts = """
        (() => {
            const channel = (value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
            const parse = (text) => text.match(/[\\d.]+/g).map(Number);
            const light = (rgb) => [0.2126, 0.7152, 0.0722].reduce((sum, f, i) => sum + f * channel(rgb[i] / 255), 0);
            const behind = (node) => {
                for (; node; node = node.parentElement) {
                    const colour = parse(getComputedStyle(node).backgroundColor);
                    if (colour.length === 3 || colour[3] === 1) return colour;
                }
                return matchMedia("(prefers-color-scheme: dark)").matches ? [0, 0, 0] : [255, 255, 255];
            };
            const opacity = (node) => (node ? getComputedStyle(node).opacity * opacity(node.parentElement) : 1);
            const weak = [];
            const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            while (walker.nextNode()) {
                const node = walker.currentNode.parentElement;
                if (!walker.currentNode.textContent.trim() || !node.checkVisibility()) continue;
                const back = behind(node);
                const part = opacity(node);
                const front = parse(getComputedStyle(node).color).map((value, i) => value * part + back[i] * (1 - part));
                const [a, b] = [light(front), light(back)].sort((one, other) => other - one);
                if ((a + 0.05) / (b + 0.05) < 4.5) weak.push(node.textContent.trim());
            }
            return weak.join("; ");
        })()
        """
}
