// TOML 1.0.0 by toml++: a document as a flat list of values, each with its location.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A place in the text. Both count from 1, columns in Unicode scalar values (a tab is one); 0 and 0 is no location.
struct ctoml_location {
    uint32_t line;
    uint32_t column;
};

/// A part of `ctoml_document.texts`, in bytes: UTF-8, which may hold any character, U+0000 included.
struct ctoml_text {
    size_t offset;
    size_t length;
};

enum ctoml_kind {
    CTOML_STRING,
    CTOML_INTEGER,
    CTOML_FLOAT,
    CTOML_BOOLEAN,
    CTOML_DATE,  ///< a date, a time, or both
    CTOML_ARRAY,
    CTOML_TABLE,
};

/// One value. Members of tables and elements of arrays follow their owner at once, each with its own members behind it;
/// members are in the order in which the document first names them.
struct ctoml_value {
    enum ctoml_kind kind;
    struct ctoml_location location;      ///< where it begins; of a table that headers or dotted keys made, the first of these
    struct ctoml_location key_location;  ///< where its key begins; no place for the document and for an array's element
    struct ctoml_text key;
    struct ctoml_text text;  ///< a string's text; a date as RFC 3339 writes it
    int64_t integer;         ///< an integer, or a boolean as 0 or 1
    double number;           ///< a float, infinities and NaN included
    size_t count;            ///< how many members or elements follow, theirs not counted
};

struct ctoml_document {
    const struct ctoml_value *values;  ///< the first one is the table of the whole document
    size_t value_count;
    const uint8_t *texts;  ///< keys and strings; of an invalid text the reason in toml++'s words
    size_t text_count;
    struct ctoml_location location;  ///< where an invalid text is invalid; no place if that is unknown
    void *storage;
};

enum ctoml_outcome {
    CTOML_VALID,
    CTOML_INVALID,  ///< no TOML, or beyond the bounds: see `ctoml_document.location` and `.texts`
    CTOML_NO_MEMORY,
};

/// Parses `length` bytes of UTF-8. Whatever the bytes are, it returns: texts of more than 1 MiB, more than 65,536 values,
/// values that nest more than 16 deep or tables more than 32, and lines with more than 255 dots are invalid.
///
/// `document` is written in every case, and holds memory of its own, `text` is not needed any more: give it to
/// `ctoml_free` once, whatever the outcome was.
enum ctoml_outcome ctoml_parse(const uint8_t *text, size_t length, struct ctoml_document *document);

/// Frees what a document holds. Its pointers are invalid from then on.
void ctoml_free(struct ctoml_document *document);

#ifdef __cplusplus
}
#endif
