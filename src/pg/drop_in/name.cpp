// CREATE EXTENSION vector, where that name stands for vectorx: creates vectorx from within the script of the other.
#include "pg/boundary.h"
#include "pg/compat.h"

extern "C" {
#include <access/xact.h>
#include <catalog/dependency.h>
#include <catalog/pg_extension.h>
#include <commands/extension.h>
#include <executor/spi.h>
#include <utils/builtins.h>
}

namespace vectorx::pg {
namespace {

// PostgreSQL refuses a CREATE EXTENSION within another because it keeps what it is creating in two global variables.
// Setting them aside is all that it takes; after an error, whoever runs the outer script clears them.
void create_within_script(Oid owner, const char* schema) {
    Oid outer_extension = CurrentExtensionObject;
    Oid user;
    int security_context;
    GetUserIdAndSecContext(&user, &security_context);
    creating_extension = false;
    CurrentExtensionObject = InvalidOid;
    // The script of a trusted extension runs as a superuser, to whom vectorx shall not belong.
    SetUserIdAndSecContext(owner, security_context);
    SPI_connect();
    if (SPI_execute(psprintf("CREATE EXTENSION vectorx WITH SCHEMA %s", quote_identifier(schema)), false, 0) < 0)
        elog(ERROR, "CREATE EXTENSION vectorx failed");
    SPI_finish();
    SetUserIdAndSecContext(user, security_context);
    CurrentExtensionObject = outer_extension;
    creating_extension = true;
}

void require(Oid owner, const char* schema) {
    if (!creating_extension) {
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("vectorx_require() is for the script of an extension")));
    }
    if (!OidIsValid(get_extension_oid("vectorx", true))) create_within_script(owner, schema);
    ObjectAddress dependent = {ExtensionRelationId, CurrentExtensionObject, 0};
    ObjectAddress required = {ExtensionRelationId, get_extension_oid("vectorx", false), 0};
    recordDependencyOn(&dependent, &required, DEPENDENCY_NORMAL);
}

// What CREATE EXTENSION vector leaves, where the files of that name are still pgvector's.
void add_name(Oid owner, Oid schema, const char* version) {
    if (!superuser()) ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("must be superuser")));
    if (OidIsValid(get_extension_oid("vector", true)))
        ereport(ERROR, (errcode(ERRCODE_DUPLICATE_OBJECT), errmsg("extension \"vector\" already exists")));
    Oid required = get_extension_oid("vectorx", false);
    InsertExtensionTuple("vector", owner, schema, false, version, 0, 0, list_make1_oid(required));
    CommandCounterIncrement();
}

}  // namespace
}  // namespace vectorx::pg

VECTORX_FUNCTION(vectorx_require) {
    vectorx::pg::require(PG_GETARG_OID(0), NameStr(*PG_GETARG_NAME(1)));
    PG_RETURN_VOID();
}

VECTORX_FUNCTION(vectorx_add_name) {
    vectorx::pg::add_name(PG_GETARG_OID(0), PG_GETARG_OID(1), text_to_cstring(PG_GETARG_TEXT_PP(2)));
    PG_RETURN_VOID();
}
