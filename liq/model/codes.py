"""Every diagnostic code, declared once. ``docs/codes/<id>.md`` explains each.

Ranges: 00xx text and syntax, 01xx declarations, 02xx names, 03xx types, 04xx statements and clauses, 05xx parameters,
claims and roles, 06xx import, 07xx plan documents, 08xx execution, 09xx projects and configuration, 10xx
audits of policies, 11xx the registry, 12xx proofs.
"""

from __future__ import annotations

from liq.model.diagnostics import Code, Severity

CODES: dict[str, Code] = {}


def _declare(number: int, name: str, summary: str, severity: Severity = Severity.ERROR) -> Code:
    code = Code(f"LIQ{number:04d}", name, severity, summary)
    assert code.id not in CODES, code.id
    CODES[code.id] = code
    return code


# 00xx — text and syntax
INVALID_CHARACTER = _declare(1, "invalid-character", "a character that liq source may not hold")
SYNTAX = _declare(2, "syntax", "the text does not follow the grammar")
TOO_LARGE = _declare(3, "too-large", "the source is larger, deeper or longer than the limits allow")
SQL_FORM = _declare(4, "sql-form", "an SQL form that liq writes in another way")
UNCLOSED = _declare(5, "unclosed", "a bracket or quote that is never closed, or that closes nothing")
ENCODING = _declare(6, "encoding", "a file that is not UTF-8 text")

# 01xx — declarations
DUPLICATE_NAME = _declare(101, "duplicate-name", "a name is declared twice")
DUPLICATE_COLUMN = _declare(102, "duplicate-column", "a table, enum, role or list names the same thing twice")
DUPLICATE_PART = _declare(103, "duplicate-part", "a declaration says the same kind of thing twice")
UNKNOWN_TYPE = _declare(104, "unknown-type", "a type that does not exist")
COLUMN_PARTS = _declare(105, "column-parts", "the parts of a column contradict each other")
KEY = _declare(106, "key", "a key that cannot be one")
FOREIGN_KEY = _declare(107, "foreign-key", "a foreign key that does not match the key it points at")
LINK_NAME = _declare(108, "link-name", "two columns or links of a table have one name")
TOMBSTONE = _declare(109, "tombstone", "a tombstone that is not one nullable timestamp of its table")
DEFAULT = _declare(110, "default", "a default that a column, claim or parameter cannot have")
RECURSION = _declare(111, "recursion", "a view, function or claim that needs itself")
POLICY_PARTS = _declare(112, "policy-parts", "the parts of a policy do not fit its operations")
ENUM_VALUES = _declare(113, "enum-values", "an enum that cannot be one")
ROW_ONLY = _declare(114, "row-only", "a check or index looks beyond its row")
TYPE_SIZE = _declare(115, "type-size", "the size of a type is missing, unknown or out of range")
CHANNEL = _declare(116, "channel", "a channel that does not name a column of a key")
MIGRATION = _declare(
    117, "migration", "a migration step that does not lead to the declared schema", Severity.WARNING
)
TEST_STEP = _declare(118, "test-step", "a step of a test that cannot be run")
INDEX_METHOD = _declare(119, "index-method", "an index method that does not exist or does not fit its keys")
NAME_TAKEN = _declare(120, "name-taken", "a declared name that the language has given away already")
DECLARATION_PLACE = _declare(122, "declaration-place", "a schema declaration where only queries may stand")
TEST_REFUSED = _declare(121, "test-refused", "a test expects an error that compiling gives already", Severity.WARNING)

# 02xx — names
UNKNOWN_COLUMN = _declare(201, "unknown-column", "a name that is no column, link or alias in reach")
UNKNOWN_TABLE = _declare(202, "unknown-table", "a source that is no table, view, function or let")
UNKNOWN_FUNCTION = _declare(203, "unknown-function", "a function that does not exist")
AMBIGUOUS_NAME = _declare(204, "ambiguous-name", "a name that two sources have")
DUPLICATE_ALIAS = _declare(205, "duplicate-alias", "two sources of one read have the same name")
NOT_A_VALUE = _declare(206, "not-a-value", "a table, link or list of rows where a value is needed")
UNKNOWN_CLAIM = _declare(207, "unknown-claim", "a claim that the session does not declare")
NOT_A_LINK = _declare(208, "not-a-link", "a path that does not lead to other rows")
NO_MEMBER = _declare(209, "no-member", "a step into a value that has no members")
OUT_OF_REACH = _declare(210, "out-of-reach", "a name that exists, but cannot be reached from here")

# 03xx — types
TYPE_MISMATCH = _declare(301, "type-mismatch", "two types that do not meet")
ARGUMENTS_TYPE = _declare(302, "argument-types", "a function or operator that does not take such arguments")
BAD_LITERAL = _declare(303, "bad-literal", "a literal that is not a value of its type")
BAD_CAST = _declare(304, "bad-cast", "a cast between types that have no conversion")
NULL_COMPARISON = _declare(305, "null-comparison", "a comparison with null is never true")
SELF_COMPARISON = _declare(306, "self-comparison", "a column compared with itself")
UNKNOWN_LABEL = _declare(307, "unknown-label", "a text that is no value of the enum it meets")
PATTERN = _declare(308, "pattern", "a pattern that like cannot take")
ROW_WIDTH = _declare(309, "row-width", "rows of different lengths compared, or a row where a value is needed")
NOT_ORDERED = _declare(310, "not-ordered", "values of a type that has no order, or no equality")
TYPE_UNKNOWN = _declare(311, "type-unknown", "a value whose type nothing here says")
NOT_A_CONDITION = _declare(312, "not-a-condition", "something other than bool where a condition is needed")
BAD_ARGUMENT = _declare(313, "bad-argument", "a constant that its function does not take")

# 04xx — statements and clauses (reads)
CLAUSE_TWICE = _declare(401, "clause-twice", "a clause that a stage may have once stands twice")
DUPLICATE_LABEL = _declare(402, "duplicate-label", "two items of a shape have one name")
LABEL_MISSING = _declare(404, "label-missing", "an item that has no name of its own")
NOT_GROUPED = _declare(405, "not-grouped", "a column that is neither grouped by nor aggregated")
AGGREGATE_PLACE = _declare(406, "aggregate-place", "an aggregate or window where none may stand")
CALL_PARTS = _declare(407, "call-parts", "a call with parts that its function does not take")
MANY_ROWS = _declare(408, "many-rows", "rows that may be more than one where one value is needed")
QUERY_COLUMNS = _declare(409, "query-columns", "a subquery with the wrong number of columns")
SET_LABELS = _declare(410, "set-labels", "both sides of a set operation need the same labels")
SET_CLAUSE = _declare(411, "set-clause", "an operand of a set operation with an order or a limit, or mixed operators")
LIMIT = _declare(412, "limit", "a limit, offset or maximum out of range")
CURSOR = _declare(413, "cursor", "a cursor where no page can be continued")
FOLLOW = _declare(414, "follow", "a follow that has no start, or does not go along columns")
ORDER_KEY = _declare(415, "order-key", "an order by something that does not order the result")
FRAME = _declare(416, "frame", "a window frame that ends before it starts, or has no order")
LINK_TO_MANY = _declare(417, "link-to-many", "a link to many rows outside of an aggregate, exists or nested list")
UNBOUNDED_READ = _declare(418, "unbounded-read", "a read that no limit bounds", Severity.WARNING)
SERIES = _declare(419, "table-function", "a table function with arguments it does not take")
NOTHING_TO_EXCEPT = _declare(420, "except-nothing", "a star that leaves out what is not there, or everything")
SUBQUERY_PLACE = _declare(421, "subquery-place", "a read where only a value of the row at hand may stand")
WITH_DELETED = _declare(422, "with-deleted", "with deleted on something that keeps no deleted rows")

# 04xx — statements and clauses (writes)
MISSING_COLUMNS = _declare(403, "missing-columns", "an insert leaves out columns that have no default")
WHERE_MISSING = _declare(440, "where-missing", "an update or delete without where would change every row")
COLUMN_TWICE = _declare(441, "column-twice", "a write sets a column twice")
COLUMN_NOT_WRITABLE = _declare(442, "column-not-writable", "a column that a statement may not set")
CONFLICT_KEY = _declare(443, "conflict-key", "or update and or skip need a unique key to act on")
ROW_LABELS = _declare(444, "row-labels", "rows to insert whose labels are not columns of the table")
EXPECT_COUNT = _declare(445, "expect-count", "a number of rows that no statement can have")
NOT_A_TABLE = _declare(446, "not-a-table", "only tables can be written")
LET_NAME = _declare(447, "let-name", "a let that names no new rows")
NOTHING_WRITTEN = _declare(448, "nothing-written", "a write that names no rows or sets no columns")
PLAN_EMPTY = _declare(449, "plan-empty", "a query that has no statement to give a result")
NEVER_INSERTED = _declare(450, "excluded", "excluded outside of or update")

# 05xx — parameters in use
UNKNOWN_PARAMETER = _declare(501, "unknown-parameter", "a parameter that the query does not declare")
PARAMETER_TYPE = _declare(502, "parameter-type", "a parameter whose type nothing says")
PARAMETER_CONFLICT = _declare(503, "parameter-conflict", "a parameter used with two types")
PARAMETER_PLACE = _declare(504, "parameter-place", "a parameter where none may stand")
OPTIONAL_PLACE = _declare(505, "optional-place", "an optional parameter outside of where, after and choose")
OPTIONAL_TWO = _declare(506, "optional-two", "two optional parameters in one condition")
OPTIONAL_REQUIRED = _declare(507, "optional-required", "a parameter that is both optional and required")

# 05xx — parameters, claims and roles (declarations)
PARAMETER_TWICE = _declare(530, "parameter-twice", "a parameter is declared twice")
PARAMETER_UNUSED = _declare(532, "parameter-unused", "a declared parameter that no statement uses", Severity.WARNING)
PARAMETER_CHECK = _declare(533, "parameter-check", "a check of a parameter may look at parameters only")
CLAIM_PATH = _declare(534, "claim-path", "the path of a claim in the token is not one")
ROLE_CLAIM = _declare(535, "role-claim", "roles are declared, but no claim of the session says which one it is")
UNKNOWN_ROLE = _declare(536, "unknown-role", "a role that is not declared, though others are", Severity.WARNING)
GRANT = _declare(537, "grant", "a grant that gives nothing or cannot be given")
SENSITIVE = _declare(538, "sensitive", "a sensitive column would reach a result, filter, order, group or join")
NO_ROLE = _declare(539, "no-role", "no declared role may do what a statement does", Severity.WARNING)
ROLE_ROWS = _declare(540, "role-rows", "a query may read more rows than its role is allowed")
UNKNOWN_QUERY = _declare(541, "unknown-query", "a query that is not declared")
NO_POLICY = _declare(542, "no-policy", "no policy opens a table that a statement uses", Severity.WARNING)
ARGUMENTS = _declare(543, "arguments", "the arguments of a run are not those of the query")

# 06xx — import
IMPORT_SYNTAX = _declare(601, "import-syntax", "an SQL statement that could not be read")
IMPORT_LEFT_OUT = _declare(602, "import-left-out", "something of the database that liq does not have", Severity.WARNING)
IMPORT_EXPRESSION = _declare(603, "import-expression", "an SQL expression or query that liq cannot say")
IMPORT_TYPE = _declare(604, "import-type", "a column whose type liq does not have")
IMPORT_DIFFERS = _declare(605, "import-differs", "something imported that means a bit less or more", Severity.WARNING)
IMPORT_OPEN = _declare(606, "import-open", "a table without row security is open to everybody", Severity.WARNING)
IMPORT_RECURSION = _declare(607, "import-recursion", "row security that needs itself, so that PostgreSQL raises")
IMPORT_DEFINER_VIEW = _declare(608, "import-definer-view", "a view that shows rows which row security would hide")
IMPORT_UNKNOWN = _declare(609, "import-unknown", "a statement that names what does not exist at that point")
IMPORT_DUPLICATE = _declare(610, "import-duplicate", "a statement that makes what exists already")
IMPORT_SKIPPED = _declare(611, "import-skipped", "a statement that is not part of a schema", Severity.NOTE)
IMPORT_CLAIM = _declare(612, "import-claim", "a setting of the session that became a claim", Severity.NOTE)
IMPORT_NAME = _declare(613, "import-name", "a name that liq cannot write, not even in backticks")
IMPORT_CLOSED = _declare(614, "import-closed", "a table under row security that no policy opens", Severity.NOTE)

# 07xx — plan documents
DOCUMENT_TEXT = _declare(701, "document-text", "the text of a document is not the JSON that documents are made of")
DOCUMENT_LIMIT = _declare(702, "document-limit", "a document is larger or deeper than the limits allow")
DOCUMENT_SHAPE = _declare(703, "document-shape", "a document does not have the shape of its format")
DOCUMENT_FORMAT = _declare(704, "document-format", "a document of a format or version that this liq does not read")
DOCUMENT_HASH = _declare(705, "document-hash", "a document whose hashes are not those of its content")
DOCUMENT_CLAIM = _declare(706, "document-claim", "a document promises something other than what its plan does")

# 08xx — execution
EMIT_REFUSED = _declare(801, "emit-refused", "a dialect of SQL cannot say a part of the query")

# 09xx — projects and configuration
PROJECT_MISSING = _declare(901, "project-missing", "no liq.toml here or above")
PROJECT_TEXT = _declare(902, "project-text", "a project file that is not TOML in UTF-8")
PROJECT_KEY = _declare(903, "project-key", "a key that a project file does not have, or a value of the wrong type")
PROJECT_PATH = _declare(904, "project-path", "a path or pattern that leaves the folder of the project")
PROJECT_LIMIT = _declare(905, "project-limit", "a project that is larger than the limits allow")
FILE_UNREADABLE = _declare(906, "file-unreadable", "a file that cannot be read")
NO_SCHEMA = _declare(907, "no-schema", "a query is compiled without a schema")

# 11xx — the registry
REGISTRY_REFUSED = _declare(1101, "registry-refused", "a plan, name or schema that the registry does not take")
REGISTRY_UNKNOWN = _declare(1102, "registry-unknown", "there is no plan of this name or version in the registry")
REGISTRY_REVOKED = _declare(1103, "registry-revoked", "a plan that was revoked")
REGISTRY_STALE = _declare(1104, "registry-stale", "a plan, or a schema, of another epoch than the registry's")
REGISTRY_BROKEN = _declare(1105, "registry-broken", "a file of the registry that is not what was written there")
REGISTRY_KEY = _declare(1106, "registry-key", "a signature by a key that is not trusted here, or no key to sign")
CAPABILITY_DENIED = _declare(1107, "capability-denied", "raw SQL without the capability for it")

# 12xx — proofs
REFUTED = _declare(1201, "refuted", "rows show that a plan tells, or does, what the policies do not allow")
NOT_PROVED = _declare(1202, "not-proved", "a claim about a plan that could be neither proved nor refuted")
VACUOUS = _declare(1203, "vacuous", "a condition that is never true, so that it proves everything", Severity.WARNING)
CHANNEL_USED = _declare(1204, "channel-used", "a plan tells through a channel that the schema accepts", Severity.NOTE)
AUDIT_MISSING = _declare(1210, "audit-missing", "a plan without its certificate, or one that cannot be read")
AUDIT_BINDING = _declare(1211, "audit-binding", "a certificate that belongs to another plan, schema or set of policies")
AUDIT_DIFFERS = _declare(1212, "audit-differs", "a certificate that says something else than the plan and schema give")
AUDIT_SOLVERS = _declare(1213, "audit-solvers", "two solvers that do not agree on an obligation")
AUDIT_ENCODER = _declare(1214, "audit-encoder", "a certificate made by another encoder or solver", Severity.WARNING)

# 10xx — audits of policies
OPEN_WRITES = _declare(1031, "open-writes", "every session may write every row of a table")
CLOSED_TABLE = _declare(1032, "closed-table", "a table that no policy opens", Severity.WARNING)
ALWAYS_TRUE = _declare(1033, "always-true", "a policy whose condition is always true", Severity.WARNING)
PUBLIC_READ = _declare(1034, "public-read", "a policy lets every session read every row", Severity.NOTE)
NEVER_TRUE = _declare(1035, "never-true", "a policy whose condition is never true", Severity.WARNING)
REDUNDANT_POLICY = _declare(1036, "redundant-policy", "a policy that changes nothing beside others", Severity.WARNING)
NULL_SESSION = _declare(1037, "null-session", "a policy opens rows because a claim is missing")
TENANT_ISOLATION = _declare(1038, "tenant-isolation", "sessions of two tenants reach one row")
SHARED_ROWS = _declare(1039, "shared-rows", "a policy that asks nothing shows rows of tenants", Severity.WARNING)
MOVED_ROW = _declare(1040, "moved-row", "an update can move a row to another tenant")
FOREIGN_ROW = _declare(1041, "foreign-row", "an insert can make a row for another tenant")
FOREIGN_PARENT = _declare(1042, "foreign-parent", "a row can be attached to another tenant's parent")
SHARED_PARENT = _declare(1043, "shared-parent", "a row can take names under a parent that tenants share")
RETURNING_REFUSED = _declare(1044, "returning-refused", "an inserted row is never shown to its session",
Severity.WARNING)
UPSERT_REFUSED = _declare(1045, "upsert-refused", "an upsert that meets a row is always refused", Severity.WARNING)
UPDATE_HIDES = _declare(1046, "update-hides-row", "an update may hide its row from its session", Severity.WARNING)
SELF_PROMOTION = _declare(1047, "self-promotion", "a session can change what its own membership allows")
SELF_JOIN = _declare(1048, "self-join", "a session can make itself a member of a tenant")
MEMBER_ADDS = _declare(1049, "member-adds", "every member may add others", Severity.WARNING)
CALLER_CLAIM = _declare(1050, "caller-claim", "a policy trusts a claim that users write themselves")
SETTABLE_PRIVILEGE = _declare(1051, "settable-privilege", "a setting that any SQL session can set opens tables")
PRIVILEGED_SESSION = _declare(1052, "privileged-session", "a claim opens whole tables", Severity.NOTE)
AUDIT_UNDECIDED = _declare(1053, "audit-undecided", "a question about policies could not be decided", Severity.NOTE)
