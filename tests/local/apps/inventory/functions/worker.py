import os


def handler(event, context):
    return {"generation": os.environ["GENERATION"], "version": context.function_version}
