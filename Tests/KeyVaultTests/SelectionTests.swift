import KeyVault
import Secrets
import Testing

@Suite struct SelectionTests {
    private func listed(_ name: String, enabled: Bool = true, tags: [String: String] = [:]) -> ListedSecret {
        var attributes = ObjectAttributes()
        attributes.enabled = enabled
        return ListedSecret(name: name, attributes: attributes, tags: tags)
    }

    @Test func `enabled secrets with the prefix are selected, by name`() {
        let all = [listed("web--b"), listed("Web--A"), listed("db"), listed("web--off", enabled: false), listed("web")]
        #expect(Selection.select(from: all, prefix: "web--").map(\.name) == ["Web--A", "web--b"])
        #expect(Selection.select(from: all).count == 4)
    }

    @Test func `all tags must be there with their values`() {
        let all = [
            listed("a", tags: ["app": "web", "env": "prod"]), listed("b", tags: ["app": "web"]),
            listed("c", tags: ["app": "api", "env": "prod"]), listed("d"),
        ]
        #expect(Selection.select(from: all, tags: ["app": "web", "env": "prod"]).map(\.name) == ["a"])
        #expect(Selection.select(from: all, tags: ["app": "web"]).map(\.name) == ["a", "b"])
    }

    @Test(arguments: [
        (NamingStyle.upperSnake, "db-password", "DB_PASSWORD"), (.upperSnake, "Web--Key", "WEB__KEY"),
        (.dotnet, "ConnectionStrings--Main", "ConnectionStrings__Main"), (.dotnet, "a-b---c", "a-b__-c"),
        (.dotnet, "a----b", "a____b"), (.verbatim, "db-password", "db-password"),
    ])
    func `each style makes its names`(style: NamingStyle, secret: String, variable: String) {
        #expect(Selection.variableName(for: secret, style) == variable)
    }
}
